import { BlockList, isIPv6 } from 'node:net';
import type { MiddlewareHandler } from 'hono';
import { isProxied } from '../../dev/listen.ts';
import type { CallerEnv } from '../../src/http/context.ts';
import { DaypassError } from '../../src/protocol/error.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Lets through only requests that this machine sends itself: from a loopback address, to a name of loopback (a
 * foreign name that resolves to 127.0.0.1 is DNS rebinding), by way of no proxy, and not for a page of another origin. To
 * anybody else there is nothing here.
 * @throws {DaypassError} `not_found`, `foreign_origin`
 */
export const onlyHere: MiddlewareHandler<CallerEnv> = async (c, next) => {
  const url = new URL(c.req.url);
  const host = c.req.header('host') ?? url.host;
  // A tunnel ends here, and may say so in `Host`.
  const isForeign = isProxied(c.req.raw.headers) || !isLoopback(c.env?.clientAddress);
  if (isForeign || !isLocalHost(host) || !isLocalHost(url.host)) {
    throw new DaypassError('not_found');
  }
  const site = c.req.header('sec-fetch-site') ?? 'none';
  const origin = c.req.header('origin');
  // Another port of localhost is same-site, and another program all the same.
  if (!['same-origin', 'none'].includes(site) || (origin !== undefined && !isOriginOf(origin, host))) {
    throw new DaypassError('foreign_origin', { detail: 'The attack lab answers its own page alone.' });
  }
  await next();
};

function isLoopback(address: string | undefined): boolean {
  // A BlockList looks up ::ffff:127.0.0.1 among the IPv4 rules too.
  return address !== undefined && loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function isLocalHost(host: string): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i.test(host);
}

function isOriginOf(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
