import { startDemo } from '../../demo/startDemo.ts';
import type { DevIdentityOptions } from '../../dev/identity/options.ts';
import type { DevIdentity } from '../../dev/identity/start.ts';
import type { DevRedis } from '../../dev/redis/start.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import type { LogFields } from '../../src/protocol/log.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import { openSite, type Site } from './site.ts';

export interface ServerOptions {
  policy: PolicyInput;
  identity?: DevIdentityOptions;
  /** An Identity that is there already. */
  identityAt?: { url: string; operatorToken: string };
  /** A bridge that is there already. */
  redis?: DevRedis;
}

export interface LogLine extends LogFields {
  event: string;
}

/** The dev server of `npm start`, with its own Identity. */
export interface AbuseServer extends Site {
  /** Where the site answers, as an address: looking a name up takes time. */
  url: string;
  identityUrl: string;
  /** Undefined where the options named another. */
  identity: DevIdentity;
  /** Undefined where the options named a bridge. */
  redis: DevRedis | undefined;
  /** The bearer of the broker's addresses for the site's owner. */
  maintenanceBearer: string;
  operatorToken: string;
  /** Every line logged so far. */
  logged: LogLine[];
  close(): Promise<void>;
}

/** Starts the dev server over a real redis-server, in this process. */
export async function startServer(options: ServerOptions): Promise<AbuseServer> {
  const { identity, identityAt, redis } = options;
  const policy = definePolicy(options.policy);
  const logged: LogLine[] = [];
  const variables = {
    PORT: '0',
    ...(redis && { UPSTASH_REDIS_REST_URL: redis.url, UPSTASH_REDIS_REST_TOKEN: redis.token }),
    ...(identityAt && { IDENTITY_URL: identityAt.url, IDENTITY_OPERATOR_TOKEN: identityAt.operatorToken }),
  };
  const server = await startDemo(readSettings(variables, policy), policy, {
    redisBackend: 'redis-server',
    ...(identity && { identity }),
    log: (event, fields) => void logged.push({ event, ...fields }),
  });
  const { parts } = server;
  const url = server.url.replace('localhost', '127.0.0.1');
  return {
    ...(await openSite(policy, parts.environment, server.url)),
    url,
    identityUrl: url + identityPath,
    identity: parts.identity as DevIdentity,
    redis: parts.redis,
    maintenanceBearer: server.maintenanceBearer,
    operatorToken: parts.operatorToken,
    logged,
    close: () => server.close(),
  };
}
