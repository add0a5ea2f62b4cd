import { randomBytes } from 'node:crypto';

/** What may be set from outside; every part that is not is our own. */
export interface DevSettings {
  host: string;
  port: number;
  secret: string;
  privateSecret: string;
  secondarySecret: string | undefined;
  /** An upstream in place of the sample API. */
  upstreamUrl: string | undefined;
  /** A GoTrue in place of the dev identity. */
  identity: { url: string; operatorToken: string; jwtSecret: string | undefined } | undefined;
  /** A Redis that speaks Upstash's protocol in place of the bridge. */
  redis: { url: string; token: string } | undefined;
  /** A Redis behind the bridge, in place of one that the bridge starts. */
  redisUrl: string | undefined;
}

/**
 * Reads the settings of the dev servers.
 * @throws {Error} a variable is malformed, or one of a pair is missing
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): DevSettings {
  const port = Number(env.PORT ?? 8888);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('PORT must be a number from 0 to 65535.');
  const identity = pair(env, 'IDENTITY_URL', 'IDENTITY_OPERATOR_TOKEN');
  const redis = pair(env, 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN');
  return {
    host: env.HOST || '127.0.0.1',
    port,
    secret: env.DAYPASS_SECRET || makeSecret(),
    privateSecret: env.DAYPASS_PRIVATE_SECRET || makeSecret(),
    secondarySecret: env.DAYPASS_SECRET_SECONDARY || undefined,
    upstreamUrl: env.DAYPASS_UPSTREAM || undefined,
    identity: identity && {
      url: identity[0].replace(/\/+$/, ''),
      operatorToken: identity[1],
      jwtSecret: env.IDENTITY_JWT_SECRET || undefined,
    },
    redis: redis && { url: redis[0], token: redis[1] },
    redisUrl: env.REDIS_URL || undefined,
  };
}

function pair(
  env: Readonly<Record<string, string | undefined>>,
  first: string,
  second: string,
): [string, string] | undefined {
  const values = [env[first] || undefined, env[second] || undefined];
  if (values[0] === undefined && values[1] === undefined) return undefined;
  if (values[0] === undefined || values[1] === undefined)
    throw new Error(`Set ${first} and ${second}, or neither.`);
  return [values[0], values[1]];
}

export function makeSecret(): string {
  return randomBytes(32).toString('base64url');
}
