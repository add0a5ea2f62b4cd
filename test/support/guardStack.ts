import type { DevIdentityOptions } from '../../dev/identity/options.ts';
import { createDevIdentity } from '../../dev/identity/start.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createGuardApp } from '../../src/http/guardApp.ts';
import { readEnvironment } from '../../src/netlify/environment.ts';
import { wireGuard } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import type { CircuitTime } from '../../src/store/circuit.ts';
import { closeBridge } from './redisParts.ts';
import { issuer, privateSecret, secret } from './tokens.ts';

/** What went through the guard to Identity, and what Identity answered. */
export interface Passed {
  request: Request;
  /** The bytes that reached Identity. */
  body: Uint8Array;
  answer: Response;
}

export interface GuardStackOptions {
  policy?: PolicyInput;
  identity?: DevIdentityOptions;
  /** A bridge that another guard shares; without one, the stack has its own, in memory. */
  redis?: DevRedis;
  timeoutMilliseconds?: number;
  /** Of the guard's circuit. */
  time?: Partial<CircuitTime>;
}

/** A real guard between a Redis bridge and the dev identity, called through `app.request()`. */
export async function startGuardStack(options: GuardStackOptions = {}) {
  // Waits out a busy machine; what the 300 ms are for is tested in test/store.
  const { timeoutMilliseconds = 2000 } = options;
  const identity = createDevIdentity(options.identity);
  const redis = options.redis ?? (await startDevRedis({ backend: 'memory' }));
  const policy = definePolicy(options.policy);
  const variables: Record<string, string> = {
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
  };
  const read = await readEnvironment(policy, (name) => variables[name]);
  const environment = { ...read, redis: { ...read.redis, timeoutMilliseconds } };
  const logged: string[] = [];
  const log = (event: string, fields: object = {}) => logged.push(JSON.stringify({ event, ...fields }));
  const passed: Passed[] = [];

  /** As the platform routes: what is under Identity's address goes to Identity, undecoded. */
  async function next(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const url = new URL(pathname.slice(identityPath.length) + search, issuer);
    const body = new Uint8Array(await request.arrayBuffer());
    const { method, headers } = request;
    const answer = await identity.fetch(
      new Request(url, { method, headers, ...(body.length > 0 && { body }) }),
    );
    passed.push({ request, body, answer: answer.clone() });
    return answer;
  }
  const app = createGuardApp(wireGuard(policy, environment, log, options.time), next, log);

  return {
    app,
    identity,
    redis,
    logged,
    /** Every request that reached Identity. */
    passed,
    next,
    /** `address` is the one that the platform vouches for; null when it tells none. */
    request: (path: string, init: RequestInit = {}, address: string | null = '203.0.113.7') =>
      app.request(issuer + identityPath + path, init, { clientAddress: address ?? undefined }),
    async close() {
      if (!options.redis) await closeBridge(redis);
    },
  };
}

export type GuardStack = Awaited<ReturnType<typeof startGuardStack>>;

/** What a page sends to sign somebody up; without an e-mail, Identity refuses it. */
export function signUpOf(email: string, data?: object): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password: 'correct-horse-battery', data }),
  };
}

export function formOf(fields: Record<string, string>): RequestInit {
  return { method: 'POST', body: new URLSearchParams(fields) };
}
