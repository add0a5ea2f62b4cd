import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStoredWindow, type WindowLimiter } from '../../src/limits/limiter.ts';
import type { Limit } from '../../src/policy/types.ts';
import { createRedis } from '../../src/store/redis.ts';
import { describeWith } from '../support/optional.ts';
import { keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();
/** The start of a window of any length that divides an hour. */
const windowStart = 1_800_000_000_000;

beforeEach(() => {
  // The client's own timers must run: only the clock stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: windowStart });
});
afterEach(() => {
  bridge().setFault(undefined);
  vi.useRealTimers();
});

function connect(name: string, limit: Partial<Limit> = {}, redis = patient(bridge())): WindowLimiter {
  const complete = { limit: 5, windowSeconds: 60, algorithm: 'sliding-window', ...limit } as const;
  return createStoredWindow(redis, { ...complete, name, key: name }, () => Date.now());
}

describe.each(['sliding-window', 'fixed-window'] as const)('%s', (algorithm) => {
  test('counts down, refuses, and starts anew with the next window', async () => {
    vi.setSystemTime(windowStart + 47_500);
    const limiter = connect(`countdown-${algorithm}`, { algorithm, limit: 2 });
    const seen = [];
    for (let call = 0; call < 4; call += 1) seen.push(await limiter.consume('someone'));
    expect(seen.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
      [true, 1],
      [true, 0],
      [false, 0],
      [false, 0],
    ]);
    expect(seen[2]).toEqual({
      name: `countdown-${algorithm}`,
      allowed: false,
      limit: 2,
      windowSeconds: 60,
      remaining: 0,
      resetSeconds: 13,
    });
    vi.setSystemTime(windowStart + 119_999);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: true, resetSeconds: 1 });
  });

  test('a call that came to nothing is given back, and its refusal forgotten', async () => {
    const limiter = connect(`refund-${algorithm}`, { algorithm, limit: 2 });
    await limiter.consume('someone');
    await limiter.consume('someone');
    await limiter.refund('someone');
    expect(await limiter.consume('someone')).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limiter.consume('another')).toMatchObject({ allowed: true, remaining: 1 });
  });

  test('every key has a time to live, one that begins with a refund too', async () => {
    const limiter = connect(`mortal-${algorithm}`, { algorithm });
    await limiter.consume('someone');
    vi.setSystemTime(windowStart + 60_000);
    await limiter.refund('someone');
    expect(await keysForEver(bridge())).toEqual([]);
  });
});

describeWith('redis-server')('a crowd', () => {
  const realBridge = useRedisBridge('redis-server');

  test.each(['sliding-window', 'fixed-window'] as const)(
    'of many at once, from several instances, exactly the limit pass: %s',
    async (algorithm) => {
      const name = `crowd-${crypto.randomUUID()}`;
      const instances = Array.from({ length: 4 }, () =>
        connect(name, { algorithm, limit: 50 }, patient(realBridge())),
      );
      const decisions = await Promise.all(
        Array.from({ length: 400 }, (_, index) => (instances[index % 4] as WindowLimiter).consume('someone')),
      );
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(50);
      expect(decisions.every(({ remaining }) => remaining >= 0)).toBe(true);
    },
  );
});

test('identifiers and names are counted apart', async () => {
  const limiter = connect('apart', { limit: 1 });
  expect(await limiter.consume('first')).toMatchObject({ allowed: true });
  expect(await limiter.consume('second')).toMatchObject({ allowed: true });
  expect(await connect('apart-too', { limit: 1 }).consume('first')).toMatchObject({ allowed: true });
  expect(await limiter.consume('first')).toMatchObject({ allowed: false });
});

test('a refusal is remembered until its window ends, and costs Redis nothing', async () => {
  const limiter = connect('memory', { limit: 1 });
  expect(limiter.peek('someone')).toBeUndefined();
  await limiter.consume('someone');
  expect(limiter.peek('someone')).toBeUndefined();
  const refusal = await limiter.consume('someone');

  const before = bridge().requests;
  expect(limiter.peek('someone')).toEqual(refusal);
  expect(await limiter.consume('someone')).toEqual(refusal);
  expect(bridge().requests).toBe(before);
  expect(limiter.peek('another')).toBeUndefined();

  vi.setSystemTime(windowStart + 60_001);
  expect(limiter.peek('someone')).toBeUndefined();
});

test('the checks of one tick are one request', async () => {
  const redis = patient(bridge());
  const rule = { limit: 5, windowSeconds: 60, algorithm: 'sliding-window' } as const;
  const limiters = ['a', 'b', 'c'].map((name) =>
    createStoredWindow(redis, { ...rule, name, key: name }, () => Date.now()),
  );
  const checkAll = () => Promise.all(limiters.map((limiter) => limiter.consume('someone')));
  await checkAll();
  const before = bridge().requests;
  await checkAll();
  expect(bridge().requests - before).toBe(1);
});

test.each([
  { kind: 'hang' },
  { kind: 'bad-gateway' },
  { kind: 'rubbish' },
  { kind: 'slow', delayMilliseconds: 2_000 },
] as const)('nothing passes while Redis is faulty: $kind', async (fault) => {
  bridge().setFault(fault);
  expect(
    await codeOf(() => connect(`faulty-${fault.kind}`, {}, createRedis(bridge())).consume('someone')),
  ).toBe('store_unavailable');
});

test.each(['{}', '[]', '[{}]', '[null]', '[{"result":[]}]', '[{"result":["x","y"]}]', '[{"result":"OK"}]'])(
  'an answer that is none of Redis lets nothing pass: %s',
  async (body) => {
    const server = createServer((_request, response) => response.end(body));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const rule = { limit: 5, windowSeconds: 60, algorithm: 'sliding-window' } as const;
    const limiter = createStoredWindow(
      createRedis({ url, token: 'x' }),
      { ...rule, name: 'session', key: 'session' },
      () => Date.now(),
    );
    try {
      expect(await codeOf(() => limiter.consume('someone'))).toBe('store_unavailable');
    } finally {
      server.close();
      server.closeAllConnections();
    }
  },
);
