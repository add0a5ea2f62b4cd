import type { DevIdentityOptions } from '../../dev/identity/options.ts';
import { startDevIdentity } from '../../dev/identity/start.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createBrokerApp } from '../../src/http/brokerApp.ts';
import { readEnvironment } from '../../src/netlify/environment.ts';
import { wireBroker } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import type { DeployContext } from '../../src/protocol/wire.ts';
import { closeBridge } from './redisParts.ts';
import { otherSecret, privateSecret, secret } from './tokens.ts';

export const siteUrl = 'https://site.example';
export const callerAddress = '203.0.113.7';
const password = 'correct-horse-battery';

export interface BrokerStackOptions {
  policy?: PolicyInput;
  identity?: DevIdentityOptions;
  redisBackend?: 'memory' | 'redis-server';
  /** A bridge that another stack closes; without one, the stack has its own. */
  redis?: DevRedis;
  /** Seconds since the epoch. */
  now?: () => number;
  operatorToken?: () => string | undefined;
  /** Default: every upstream answers. */
  reachUpstream?: (url: URL) => Promise<void>;
  /** Default: `production`. */
  deployContext?: DeployContext;
  variables?: Record<string, string>;
}

/** A real broker over the dev identity and a Redis bridge, called through `app.request()`. */
export async function startBrokerStack(options: BrokerStackOptions = {}) {
  const { now = () => Math.floor(Date.now() / 1000) } = options;
  const identity = await startDevIdentity({ now: () => now() * 1000, ...options.identity });
  const redis = options.redis ?? (await startDevRedis({ backend: options.redisBackend ?? 'memory' }));
  const policy = definePolicy({
    audiences: {
      api: { secret: 'DAYPASS_SECRET', secondarySecret: 'SECONDARY', scopes: ['read', 'write'] },
      admin: { secret: 'ADMIN_SECRET' },
    },
    ...options.policy,
  });
  const variables: Record<string, string> = {
    DAYPASS_SECRET: secret,
    ADMIN_SECRET: otherSecret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    IDENTITY_URL: identity.url,
    DAYPASS_UPSTREAM: 'https://backend.example',
    ...options.variables,
  };
  const read = await readEnvironment(policy, (name) => variables[name]);
  // Waits out a busy machine; what the 300 ms are for is tested in test/store.
  const environment = { ...read, redis: { ...read.redis, timeoutMilliseconds: 10_000 } };
  const deployInfo = { issuer: siteUrl, deployContext: options.deployContext ?? 'production' };
  const operatorToken = options.operatorToken ?? (() => identity.operatorToken);
  const broker = {
    ...wireBroker(policy, environment, deployInfo, operatorToken),
    reachUpstream: options.reachUpstream ?? (async () => undefined),
    now,
  };
  const logged: string[] = [];
  const app = createBrokerApp(broker, (event, fields) => logged.push(JSON.stringify({ event, ...fields })));

  const request = (path: string, init: RequestInit = {}, address: string | undefined = callerAddress) =>
    app.request(siteUrl + path, init, { clientAddress: address });
  const postForm = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    request(path, { method: 'POST', body: new URLSearchParams(fields), headers });

  /** One more Identity token of a user. */
  async function logIn(email: string): Promise<string> {
    const answer = await fetch(`${identity.url}/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', username: email, password }),
    });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  return {
    app,
    broker,
    identity,
    redis,
    logged,
    request,
    postForm,
    /** Signs a throwaway user up and logs it in, as the client does. */
    async identityToken(email = `${crypto.randomUUID()}@visitor.invalid`): Promise<string> {
      await fetch(`${identity.url}/signup`, { method: 'POST', body: JSON.stringify({ email, password }) });
      return logIn(email);
    },
    logIn,
    exchange: (token: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}) =>
      postForm(
        '/session/token',
        {
          grant_type: tokenExchangeGrant,
          subject_token: token,
          subject_token_type: jwtTokenType,
          ...fields,
        },
        headers,
      ),
    async close() {
      await identity.close();
      if (!options.redis) await closeBridge(redis);
    },
  };
}

export type BrokerStack = Awaited<ReturnType<typeof startBrokerStack>>;

/** Status and code of a refusal, in one word for tables. */
export async function outcome(response: Response): Promise<string> {
  if (response.ok) return String(response.status);
  const { code } = (await response.json()) as { code: string };
  return `${response.status} ${code}`;
}
