import { isIP } from 'node:net';
import type { DevSettings } from './settings.ts';

// A browser lets a page read whatever is of one origin with it. A domain whose name first leads to its own server and then to
// 127.0.0.1 (DNS rebinding) is of one origin with a dev server, which hands out a project's source; only `Host` tells.

/**
 * Whether a request is for this site by its `Host`: a name of this machine, where visitors see the site, or an IP address
 * where the server listens on all of them. No domain that leads here can pose as any of these.
 * @param hostname as URLs write it: lower case, IPv6 in brackets
 */
export function isAllowedHost(
  hostname: string,
  { host, publicUrl }: Pick<DevSettings, 'host' | 'publicUrl'>,
): boolean {
  if (/^(.+\.)?localhost$/.test(hostname) || ['127.0.0.1', '[::1]'].includes(hostname)) return true;
  if (publicUrl !== undefined && hostname === new URL(publicUrl).hostname) return true;
  const isOpen = ['0.0.0.0', '::'].includes(host);
  return isOpen && isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
}

/** The answer to a request for another host. */
export function refuseHost({ host }: URL): Response {
  return new Response(
    `This dev server does not answer for ${host}: any web page could read it under a name of its own. ` +
      `If a tunnel leads here from there, start it with PUBLIC_URL=https://${host}.\n`,
    { status: 403, headers: { 'content-type': 'text/plain; charset=utf-8' } },
  );
}

/** The name in a request's `Host`; empty where it has none. */
export function readHostname(field: string | undefined): string {
  const url = `http://${field}`;
  return field !== undefined && URL.canParse(url) ? new URL(url).hostname : '';
}
