import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PolicyInput } from '../../src/policy/types.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { newSubject } from '../../src/token/mint.ts';
import { type GateStack, type GateStackOptions, startGateStack } from '../support/gateStack.ts';
import { createSkippableTime, type SkippableTime } from '../support/manualTime.ts';
import { command } from '../support/redisParts.ts';

let stack: GateStack;
let time: SkippableTime;
afterEach(async () => {
  await stack.close();
  vi.useRealTimers();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  time = createSkippableTime();
});

const limits = {
  session: { limit: 3, windowSeconds: 60 },
  address: { limit: 5, windowSeconds: 60 },
} as const;

async function start(policy: PolicyInput, options: GateStackOptions = {}): Promise<void> {
  stack = await startGateStack({
    policy: { limits, routes: [{ path: '/api/private/*', verify: false }, { path: '/api/*' }], ...policy },
    time,
    ...options,
  });
}

function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  time.skip(milliseconds);
}

/** Status, or status and code, of calls one after the other. */
async function outcomes(calls: number, path = '/api/x', init: Parameters<GateStack['call']>[1] = {}) {
  const seen: string[] = [];
  for (let call = 0; call < calls; call += 1) {
    const response = await stack.call(path, init);
    const { code = '' } = response.ok ? {} : ((await response.json()) as { code: string });
    seen.push(`${response.status} ${code}`.trim());
  }
  return seen;
}

/** Fails calls until the circuit is open. */
async function lose(): Promise<void> {
  stack.redis.setFault({ kind: 'bad-gateway' });
  await stack.call('/api/x', { address: '192.0.2.1' });
  pass(300);
  await stack.call('/api/x', { address: '192.0.2.2' });
}

const changes = () => stack.logged.filter((line) => /"circuit_(opened|closed)"/.test(line));

/** What was counted, whether it has been sent or not. */
async function counted(event: string): Promise<[string, number][]> {
  stack.redis.setFault(undefined);
  pass(2000);
  await stack.call('/api/x', { address: '192.0.2.3' });
  await stack.counters.flush();
  const hash = (await command(stack.redis, 'HGETALL', 'daypass:stats:2027-01-15')) as string[];
  const pairs = hash.flatMap((field, at): [string, number][] =>
    at % 2 ? [] : [[field, Number(hash[at + 1])]],
  );
  return pairs.filter(([field]) => field.startsWith(`${event} `));
}

const faults = [
  { kind: 'hang' },
  { kind: 'bad-gateway' },
  { kind: 'rubbish' },
  { kind: 'slow', delayMilliseconds: 1200 },
] as const;

describe.each(faults)('Redis is faulty: $kind', (fault) => {
  const fast = { timeoutMilliseconds: 300 };

  test('local: the same limits hold in the memory of the instance, and the answers tell of them', async () => {
    await start({ storeFailure: 'local' }, fast);
    stack.redis.setFault(fault);
    const token = await stack.mint();
    const first = await stack.call('/api/x', { token });
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"session";q=3;w=60, "address";q=5;w=60');
    expect(first.headers.get('ratelimit')).toBe('"session";r=2;t=60, "address";r=4;t=60');
    expect(await outcomes(3, '/api/x', { token })).toEqual(['200', '200', '429 rate_limited']);
    // The flood of a session leaves its address usable; that has calls of its own.
    expect(await outcomes(3)).toEqual(['200', '200', '429 rate_limited']);
    expect(await outcomes(1, '/api/x', { address: '198.51.100.1' })).toEqual(['200']);
    expect(stack.received).toHaveLength(6);
  });

  test('deny: no call passes, and each answer says when to come back', async () => {
    await start({ storeFailure: 'deny' }, fast);
    stack.redis.setFault(fault);
    for (let call = 0; call < 3; call += 1) {
      const response = await stack.call('/api/x');
      expect(response.status).toBe(503);
      expect(await response.json()).toMatchObject({ code: 'store_unavailable' });
      expect(response.headers.get('retry-after')).toMatch(/^[12]$/);
      pass(150);
    }
    expect(stack.received).toEqual([]);
  });

  test('allow: every caller with a valid token passes, and no limit is named', async () => {
    await start({ storeFailure: 'allow' }, fast);
    stack.redis.setFault(fault);
    const token = await stack.mint();
    expect(await outcomes(8, '/api/x', { token })).toEqual(new Array(8).fill('200'));
    const { headers } = await stack.call('/api/x', { token });
    expect(headers.has('ratelimit')).toBe(false);
    expect(headers.has('ratelimit-policy')).toBe(false);
    expect(await outcomes(1, '/api/x', { token: 'nonsense' })).toEqual(['401 token_malformed']);
  });

  test.each(['local', 'deny', 'allow'] as const)(
    '%s: Redis decides again a second after it is back',
    async (storeFailure) => {
      await start({ storeFailure }, { timeoutMilliseconds: 1000 });
      // Comes to it through the fast failure: a clock that stands still sees no 300 ms go by.
      await lose();
      stack.redis.setFault(fault);
      pass(1000);
      await stack.call('/api/x');
      expect(changes()).toHaveLength(1);
      stack.redis.setFault(undefined);
      pass(1000);
      const subject = newSubject();
      await createRevocations(createRedis(stack.redis), { now: () => Date.now() }).revoke(
        await stack.privateKeys.hashIdentifier(subject),
        60,
      );
      const token = await stack.mint({ subject });
      expect(await outcomes(1, '/api/x', { token })).toEqual(['401 token_revoked']);
      expect(changes()).toHaveLength(2);
    },
  );
});

test('each change is one line of the log and one count, however many call', async () => {
  await start({ storeFailure: 'allow' });
  await lose();
  await outcomes(20);
  pass(1000);
  await outcomes(20);
  expect(changes().map((line) => JSON.parse(line))).toEqual([
    { event: 'circuit_opened', storeFailure: 'allow', cause: expect.stringMatching(/^DaypassError: .+/) },
  ]);
  expect(await counted('circuit_opened')).toEqual([['circuit_opened - -', 1]]);
  expect(changes().map((line) => JSON.parse(line).event)).toEqual(['circuit_opened', 'circuit_closed']);
  expect(await counted('circuit_closed')).toEqual([['circuit_closed - -', 1]]);
});

test('a Redis that is given up is not asked, and one call a second tries', async () => {
  await start({ storeFailure: 'allow' });
  await lose();
  const before = stack.redis.requests;
  await outcomes(50);
  expect(stack.redis.requests).toBe(before);
  for (let second = 1; second <= 4; second += 1) {
    pass(1000);
    await Promise.all(Array.from({ length: 20 }, () => stack.call('/api/x')));
    expect(stack.redis.requests - before).toBe(second);
  }
});

describe.each(['local', 'allow'] as const)('what passes unseen by Redis: %s', (storeFailure) => {
  test('is counted for its route, a revoked session too', async () => {
    await start({ storeFailure, limits: {} });
    const subject = newSubject();
    await createRevocations(createRedis(stack.redis), { now: () => Date.now() }).revoke(
      await stack.privateKeys.hashIdentifier(subject),
      60,
    );
    const token = await stack.mint({ subject });
    await lose();
    expect(await outcomes(3, '/api/x', { token })).toEqual(['200', '200', '200']);
    // The two calls that found Redis away passed like the others.
    expect(await counted('revocation_unchecked')).toEqual([['revocation_unchecked - /api/*', 5]]);
    expect(await outcomes(1, '/api/x', { token })).toEqual(['401 token_revoked']);
  });

  test('is not counted where no token is asked, for there is no session to revoke', async () => {
    await start({ storeFailure });
    await lose();
    expect(await outcomes(2, '/api/private/x')).toEqual(['200', '200']);
    expect(await counted('revocation_unchecked')).toEqual([['revocation_unchecked - /api/*', 2]]);
  });
});

test.each(['local', 'deny', 'allow'] as const)(
  '%s: a session that is known to be over its limit stays refused without a call to Redis',
  async (storeFailure) => {
    await start({ storeFailure });
    const token = await stack.mint();
    expect((await outcomes(4, '/api/x', { token })).at(-1)).toBe('429 rate_limited');
    await lose();
    expect(await outcomes(2, '/api/x', { token })).toEqual(['429 rate_limited', '429 rate_limited']);
  },
);

test('an address that is known to be over its limit is no sign that Redis is back', async () => {
  await start({ storeFailure: 'local', limits: { address: { limit: 1, windowSeconds: 3600 } } });
  expect((await outcomes(3, '/api/private/x')).at(-1)).toBe('429 rate_limited');
  await lose();
  pass(1000);
  expect(await outcomes(1, '/api/private/x')).toEqual(['429 rate_limited']);
  expect(changes()).toHaveLength(1);
});
