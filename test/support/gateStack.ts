import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import { readEnvironment } from '../../src/netlify/environment.ts';
import { wireAuthorization, wireGate } from '../../src/netlify/wire.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import type { CircuitTime } from '../../src/store/circuit.ts';
import { type MintOptions, mintAccessToken, newSubject } from '../../src/token/mint.ts';
import { startUpstream } from './recordingUpstream.ts';
import { closeBridge } from './redisParts.ts';
import { issuer, otherSecret, privateSecret, secret } from './tokens.ts';

export const callerAddress = '203.0.113.7';

type Answer = NonNullable<Parameters<typeof startUpstream>[0]>;

export interface GateStackOptions {
  policy?: PolicyInput;
  /** A bridge that a broker shares; without one, the stack has its own, in memory. */
  redis?: DevRedis;
  variables?: Record<string, string>;
  /** How long Redis may take; 2000 waits out a busy machine. */
  timeoutMilliseconds?: number;
  /** Of the gate's circuit. */
  time?: Partial<CircuitTime>;
  /** Takes the work that no answer waits for; without it, such work is not done. */
  waitUntil?: (work: Promise<unknown>) => void;
}

/** A real gate between a Redis bridge and an upstream of node:http, called through `app.request()`. */
export async function startGateStack(options: GateStackOptions = {}) {
  const fromUpstream: Answer = (response) => response.end('from the upstream');
  let answer = fromUpstream;
  const upstream = await startUpstream((...call) => answer(...call));
  const redis = options.redis ?? (await startDevRedis({ backend: 'memory' }));
  const policy = definePolicy({
    audiences: {
      api: { secret: 'DAYPASS_SECRET', scopes: ['read', 'write'] },
      admin: { secret: 'ADMIN_SECRET' },
    },
    ...options.policy,
  });
  const variables: Record<string, string> = {
    DAYPASS_SECRET: secret,
    ADMIN_SECRET: otherSecret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    DAYPASS_UPSTREAM: upstream.url.href,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    ...options.variables,
  };
  const read = await readEnvironment(policy, (name) => variables[name]);
  const { timeoutMilliseconds = 2000, time, waitUntil } = options;
  const environment = { ...read, redis: { ...read.redis, timeoutMilliseconds } };
  const deployInfo = { issuer, deployContext: 'production' } as const;
  const logged: string[] = [];
  const log = (event: string, fields: object = {}) => logged.push(JSON.stringify({ event, ...fields }));
  const gate = wireGate(policy, environment, deployInfo, log, time);
  const app = createGateApp(gate, policy, log);

  /** An access token of a new session, as the broker would mint it. */
  async function mint({ audience = 'api', ...changes }: Partial<MintOptions> & { audience?: string } = {}) {
    const keyRing = environment.keyRings.get(audience);
    if (!keyRing) throw new TypeError(`No key ring for ${audience}`);
    const now = Math.floor(Date.now() / 1000);
    const { subject = newSubject(), sessionStartedAt = now } = changes;
    return mintAccessToken({
      keyRing,
      issuer,
      subject,
      scopes: [],
      deployContext: 'production',
      ttlSeconds: 300,
      sessionStartedAt,
      sessionId: await environment.privateKeys.sessionId({ subject, audience, startedAt: sessionStartedAt }),
      now,
      ...changes,
    });
  }
  /** `address` is the one that the platform vouches for; null when it tells none. */
  const request = (path: string, init: RequestInit = {}, address: string | null = callerAddress) =>
    app.request(issuer + path, init, {
      clientAddress: address ?? undefined,
      ...(waitUntil && { waitUntil }),
    });

  return {
    app,
    redis,
    /** Every request that reached the upstream. */
    received: upstream.received,
    /** What the upstream answers from now on; as at first when left out. */
    upstreamAnswers(next: Answer = fromUpstream) {
      answer = next;
    },
    logged,
    mint,
    request,
    counters: gate.counters,
    privateKeys: environment.privateKeys,
    authorization: wireAuthorization(policy, environment, deployInfo, log),
    /** A call with a token: a new session's own unless one is given. */
    async call(path: string, init: RequestInit & { token?: string; address?: string | null } = {}) {
      const { token = await mint(), address, ...rest } = init;
      const headers = new Headers(rest.headers);
      headers.set('authorization', `Bearer ${token}`);
      return request(path, { ...rest, headers }, address);
    },
    async close() {
      await upstream.close();
      if (!options.redis) await closeBridge(redis);
    },
  };
}

export type GateStack = Awaited<ReturnType<typeof startGateStack>>;
