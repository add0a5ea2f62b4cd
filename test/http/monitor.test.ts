import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRedis } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { newSubject } from '../../src/token/mint.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { command } from '../support/redisParts.ts';
import { goodClaims, goodHeader, otherSecret, sign } from '../support/tokens.ts';

const policy = {
  limits: { session: { limit: 2, windowSeconds: 3600 }, address: { limit: 9999, windowSeconds: 3600 } },
  routes: [
    { path: '/api/scoped', scope: 'read' },
    { path: '/api/read-only', methods: ['GET'] },
    { path: '/api/private/*', verify: false },
    { path: '/api/unset', upstream: 'UNSET' },
    { path: '/api/*' },
  ],
};
let monitor: GateStack;
let denying: GateStack;
beforeAll(async () => {
  monitor = await startGateStack({ policy: { ...policy, mode: 'monitor' } });
  denying = await startGateStack({ policy: { ...policy, mode: 'monitor', storeFailure: 'deny' } });
});
afterAll(async () => {
  await monitor.close();
  await denying.close();
});
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  for (const stack of [monitor, denying]) {
    stack.logged.length = 0;
    stack.received.length = 0;
  }
});
afterEach(() => vi.useRealTimers());

const forge = (claims: object, key?: string) => {
  const now = Math.floor(Date.now() / 1000);
  return sign(goodHeader, { ...goodClaims, iat: now, exp: now + 300, auth_time: now - 7200, ...claims }, key);
};

/** What is counted under an event from now on. */
async function countsOf(stack: GateStack, event: string, calls: () => Promise<unknown>): Promise<unknown> {
  const read = async () => {
    await stack.counters.flush();
    const hash = (await command(stack.redis, 'HGETALL', 'daypass:stats:2027-01-15')) as string[];
    return new Map(hash.flatMap((field, at) => (at % 2 ? [] : [[field, Number(hash[at + 1])] as const])));
  };
  const before = await read();
  await calls();
  const after = await read();
  const changed = [...after].map(([field, count]) => [field, count - (before.get(field) ?? 0)] as const);
  return Object.fromEntries(changed.filter(([field, count]) => count > 0 && field.startsWith(`${event} `)));
}

interface Refusal {
  path?: string;
  authorization: () => Promise<string | undefined>;
  counted: string;
}

const bearer = (token: string) => `Bearer ${token}`;

const refusals: Record<string, Refusal> = {
  'no token': { authorization: async () => undefined, counted: 'token_missing /api/*' },
  'another scheme': { authorization: async () => 'Basic YTpi', counted: 'token_missing /api/*' },
  nonsense: { authorization: async () => 'Bearer nonsense', counted: 'token_malformed /api/*' },
  'two tokens': { authorization: async () => 'Bearer a, Bearer b', counted: 'token_malformed /api/*' },
  'an expired token': {
    authorization: async () => bearer(await forge({ iat: 1_799_999_000, exp: 1_799_999_300 })),
    counted: 'token_expired /api/*',
  },
  'a forged signature': {
    authorization: async () => bearer(await forge({}, otherSecret)),
    counted: 'token_signature /api/*',
  },
  'a token of a deploy preview': {
    authorization: async () => bearer(await forge({ deploy_context: 'deploy-preview' })),
    counted: 'token_deploy_context /api/*',
  },
  'want of a scope': {
    path: '/api/scoped',
    authorization: async () => bearer(await monitor.mint()),
    counted: 'insufficient_scope /api/scoped',
  },
  'a revoked session': {
    authorization: async () => {
      const subject = newSubject();
      const session = await monitor.privateKeys.hashIdentifier(subject);
      await createRevocations(createRedis(monitor.redis), { now: () => Date.now() }).revoke(session, 60);
      return bearer(await monitor.mint({ subject }));
    },
    counted: 'token_revoked /api/*',
  },
  'a session over its limit': {
    authorization: async () => {
      const token = await monitor.mint();
      for (let call = 0; call < 2; call += 1) await monitor.call('/api/x', { token });
      monitor.received.length = 0;
      return bearer(token);
    },
    counted: 'rate_limited /api/*',
  },
};

describe('what would be refused passes, and is counted', () => {
  test.each(Object.entries(refusals))('%s', async (_, { path = '/api/x?y=1', authorization, counted }) => {
    const value = await authorization();
    const headers = value === undefined ? {} : { authorization: value };
    const counts = await countsOf(monitor, 'would_refuse', async () => {
      const response = await monitor.request(path, { method: 'POST', body: 'whole', headers });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('from the upstream');
    });
    expect(counts).toEqual({ [`would_refuse ${counted}`]: 1 });
    const [received, ...more] = monitor.received;
    expect(more).toEqual([]);
    expect(received).toMatchObject({ method: 'POST', url: path, body: Buffer.from('whole') });
    expect(received?.headers.authorization).toBe(value);
    expect(monitor.logged).toEqual([]);
  });

  test('the answer names the limits that were checked', async () => {
    const token = await monitor.mint();
    const answers = [];
    for (let call = 0; call < 4; call += 1) answers.push(await monitor.call('/api/x', { token }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const left = answers.map(({ headers }) => /"session";r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]);
    expect(left).toEqual(['1', '0', '0', '0']);
    expect(answers[3]?.headers.has('retry-after')).toBe(false);
    expect((await monitor.request('/api/x')).headers.has('ratelimit')).toBe(false);
  });

  test('an address over its limit, where no token is asked', async () => {
    const stack = await startGateStack({
      policy: { ...policy, mode: 'monitor', limits: { address: { limit: 1, windowSeconds: 60 } } },
    });
    const counts = await countsOf(stack, 'would_refuse', async () => {
      for (let call = 0; call < 3; call += 1) {
        expect((await stack.request('/api/private/x')).status).toBe(200);
      }
    });
    expect(counts).toEqual({ 'would_refuse rate_limited /api/private/*': 2 });
    await stack.close();
  });

  test('Redis away, where the policy denies', async () => {
    const counts = await countsOf(denying, 'would_refuse', async () => {
      denying.redis.setFault({ kind: 'bad-gateway' });
      expect((await denying.call('/api/x')).status).toBe(200);
      denying.redis.setFault(undefined);
    });
    expect(counts).toEqual({ 'would_refuse store_unavailable /api/*': 1 });
    expect(denying.logged).toEqual([]);
  });

  test('a call that would pass counts as passed, and as nothing else', async () => {
    const call = () => monitor.call('/api/x');
    expect(await countsOf(monitor, 'would_refuse', call)).toEqual({});
    expect(await countsOf(monitor, 'passed', call)).toEqual({ 'passed - /api/*': 1 });
  });
});

describe('what holds all the same', () => {
  test.each<[string, string, RequestInit, string, string]>([
    ['no route', '/elsewhere', {}, '404 not_found', 'not_found -'],
    [
      'another method',
      '/api/read-only',
      { method: 'DELETE' },
      '405 method_not_allowed',
      'method_not_allowed -',
    ],
    ['a path that may lead elsewhere', '/api/..%2fadmin', {}, '400 path_refused', 'path_refused -'],
    [
      'a foreign origin',
      '/api/x',
      { headers: { origin: 'https://evil.example' } },
      '403 foreign_origin',
      'foreign_origin -',
    ],
    ['an upstream that is not set', '/api/unset', {}, '503 not_configured', 'not_configured /api/unset'],
  ])('%s', async (_, path, init, refusal, counted) => {
    const counts = await countsOf(monitor, 'refused', async () => {
      const response = await monitor.call(path, init);
      expect(`${response.status} ${((await response.json()) as { code: string }).code}`).toBe(refusal);
    });
    expect(counts).toEqual({ [`refused ${counted}`]: 1 });
    expect(monitor.received).toEqual([]);
  });

  test('header fields that do not go on', async () => {
    await monitor.request('/api/x', { headers: { cookie: 'session=1', 'x-forwarded-for': '198.51.100.1' } });
    expect(monitor.received[0]?.headers).not.toHaveProperty('cookie');
    expect(monitor.received[0]?.headers).not.toHaveProperty('x-forwarded-for');
  });
});
