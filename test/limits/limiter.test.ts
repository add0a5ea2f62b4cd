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
  test('counts down, refuses, and restarts with the next window', async () => {
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

test('in a window of the clock a refusal is remembered until it ends, and costs Redis nothing', async () => {
  const limiter = connect('memory', { limit: 1, algorithm: 'fixed-window' });
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

test('a refusal is remembered where what is given back makes no room', async () => {
  const limiter = connect('no-room', { limit: 1, algorithm: 'fixed-window' });
  for (let call = 0; call < 2; call += 1)
    await connect('no-room', { limit: 1, algorithm: 'fixed-window' }).consume('someone');
  await limiter.consume('someone');
  await limiter.refund('someone');
  expect(limiter.peek('someone')).toMatchObject({ allowed: false });
});

describe('a sliding window of an hour', () => {
  const hour = 3_600_000;
  const rule = { limit: 4, windowSeconds: 3600 };

  /** Uses up the window before `windowStart + hour`, and what the next one has left ten minutes into it: one call. */
  async function useUp(limiter: WindowLimiter): Promise<void> {
    for (let call = 0; call < 4; call += 1) await limiter.consume('someone');
    vi.setSystemTime(windowStart + hour + 600_000);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: true, remaining: 0 });
  }
  /** When the four calls of the previous window weigh 2, which with the one of this window leaves one. */
  const hasRoomAt = windowStart + hour + 900_001;

  test('has room as it slides: a refusal says when, and is forgotten by then', async () => {
    const limiter = connect('slides', rule);
    await useUp(limiter);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 301 });
    vi.setSystemTime(hasRoomAt - 1000);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 1 });
    vi.setSystemTime(hasRoomAt);
    expect(limiter.peek('someone')).toBeUndefined();
    expect(await limiter.consume('someone')).toMatchObject({ allowed: true, remaining: 0 });
  });

  test('a window that is used up says when the next one has room', async () => {
    const limiter = connect('full', rule);
    for (let call = 0; call < 4; call += 1) await limiter.consume('someone');
    // The four weigh 4 at the beginning of the next window, and 3 a millisecond later.
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 3601 });
  });

  test('an instance that did not see the window fill up says to try again within seconds, then when', async () => {
    await useUp(connect('unseen', rule));
    const limiter = connect('unseen', rule);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 5 });
    vi.setSystemTime(windowStart + hour + 605_000);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 296 });
  });

  test('a flood asks Redis once in five seconds', async () => {
    const limiter = connect('flood', rule);
    await useUp(limiter);
    const before = bridge().requests;
    for (let second = 0; second < 10; second += 1) {
      vi.setSystemTime(windowStart + hour + 600_000 + second * 1000);
      for (let call = 0; call < 20; call += 1) {
        expect((await limiter.consume('someone')).allowed).toBe(false);
        expect(limiter.peek('someone')?.resetSeconds).toBe(301 - second);
      }
    }
    // The script, and beside it the two counts.
    expect(bridge().requests - before).toBe(2 * 2);
  });

  test('a call that was given back makes room at once', async () => {
    const limiter = connect('given-back', rule);
    await useUp(limiter);
    expect(await limiter.consume('someone')).toMatchObject({ allowed: false });
    await limiter.refund('someone');
    expect(limiter.peek('someone')).toBeUndefined();
    expect(await limiter.consume('someone')).toMatchObject({ allowed: true });
  });
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
  "an answer that is not Redis's lets nothing pass: %s",
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
