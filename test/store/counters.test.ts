import type { Redis } from '@upstash/redis/cloudflare';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { StatsEvent } from '../../src/protocol/messages.ts';
import { createCounters, readCounts } from '../../src/store/counters.ts';
import { createRedis } from '../../src/store/redis.ts';
import { describeWith } from '../support/optional.ts';
import { fc } from '../support/property.ts';
import { command, isLeftOf, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();
/** Noon of a UTC day. */
const noon = Date.UTC(2026, 10, 21, 12);
const dayMilliseconds = 86_400_000;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: noon });
  await command(bridge(), 'FLUSHALL');
});
afterEach(() => {
  bridge().setFault(undefined);
  vi.useRealTimers();
});

function connect(isReachable = () => true) {
  const redis = patient(bridge());
  const counters = createCounters(redis, isReachable, () => Date.now());
  return { redis, counters, read: () => readCounts(redis, Date.now()) };
}

describe('over a bridge', () => {
  test('what was added is there after a second, by day, event, code and route', async () => {
    const { counters, read } = connect();
    counters.add('passed', { route: '/api/*' });
    counters.add('passed', { route: '/api/*' });
    counters.add('refused', { code: 'token_expired', route: '/api/*' });
    counters.add('refused', { code: 'not_found' });
    counters.add('circuit_opened');
    await counters.flush();
    const day = '2026-11-21';
    expect(await read()).toEqual([
      { day, event: 'passed', route: '/api/*', count: 2 },
      { day, event: 'refused', code: 'token_expired', route: '/api/*', count: 1 },
      { day, event: 'refused', code: 'not_found', count: 1 },
      { day, event: 'circuit_opened', count: 1 },
    ]);
    expect(await keysForEver(bridge())).toEqual([]);
    expect(await command(bridge(), 'TTL', `daypass:stats:${day}`)).toBe(8 * 86_400);
  });

  test('several instances add to the same counts, and days are kept apart for a week', async () => {
    const [first, second] = [connect(), connect()];
    for (const { counters } of [first, second]) counters.add('passed');
    vi.setSystemTime(noon + dayMilliseconds);
    first.counters.add('passed');
    await Promise.all([first.counters.flush(), second.counters.flush()]);
    expect(await first.read()).toEqual([
      { day: '2026-11-22', event: 'passed', count: 1 },
      { day: '2026-11-21', event: 'passed', count: 2 },
    ]);
    vi.setSystemTime(noon + 7 * dayMilliseconds);
    expect((await first.read()).map(({ day }) => day)).toEqual(['2026-11-22', '2026-11-21']);
    vi.setSystemTime(noon + 8 * dayMilliseconds);
    expect((await first.read()).map(({ day }) => day)).toEqual(['2026-11-22']);
  });

  test('adding calls no Redis; the counts go once a second has passed, in the request of other writes', async () => {
    const { redis, counters, read } = connect();
    const before = bridge().requests;
    for (let call = 0; call < 1000; call += 1) counters.add('passed');
    counters.sendAlong();
    vi.setSystemTime(noon + 999);
    counters.sendAlong();
    await redis.set('beside', 'x', { ex: 9 });
    expect(bridge().requests - before).toBe(1);
    expect(await read()).toEqual([]);
    vi.setSystemTime(noon + 1000);
    const [requests, commands] = [bridge().requests, bridge().commands];
    counters.sendAlong();
    counters.sendAlong();
    await redis.set('beside', 'y', { ex: 9 });
    expect([bridge().requests - requests, bridge().commands - commands]).toEqual([1, 2]);
    expect(await read()).toMatchObject([{ event: 'passed', count: 1000 }]);
  });

  test('many flush at once with one request, and none when there is nothing to send', async () => {
    const { counters } = connect();
    const before = bridge().requests;
    await counters.flush();
    expect(bridge().requests).toBe(before);
    counters.add('passed');
    await Promise.all(Array.from({ length: 50 }, () => counters.flush()));
    expect(bridge().requests - before).toBe(1);
  });

  test('while Redis is given up nothing is sent and nothing forgotten', async () => {
    let reachable = false;
    const { counters, read } = connect(() => reachable);
    counters.add('passed');
    const before = bridge().requests;
    await counters.flush();
    vi.setSystemTime(noon + 2000);
    counters.sendAlong();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(bridge().requests).toBe(before);
    reachable = true;
    await counters.flush();
    expect(await read()).toMatchObject([{ event: 'passed', count: 1 }]);
  });

  test.each([{ kind: 'bad-gateway' }, { kind: 'rubbish' }, { kind: 'hang' }] as const)(
    'a sending that fails is made up for: $kind',
    async (fault) => {
      const redis = createRedis({ url: bridge().url, token: bridge().token, timeoutMilliseconds: 1000 });
      const counters = createCounters(
        redis,
        () => true,
        () => Date.now(),
      );
      counters.add('passed', { route: '/api/*' });
      bridge().setFault(fault);
      await counters.flush();
      bridge().setFault(undefined);
      counters.add('passed', { route: '/api/*' });
      await counters.flush();
      expect(await connect().read()).toMatchObject([{ event: 'passed', route: '/api/*', count: 2 }]);
    },
  );
});

describe('reading', () => {
  test('takes one request, and skips what no version of ours would have written', async () => {
    const { read } = connect();
    const key = 'daypass:stats:2026-11-21';
    const fields = {
      'passed - /api/*': '3',
      'refused token_expired /api/*': '1',
      passed: '1',
      '': '1',
      'unheard_of - -': '1',
      'toString - -': '1',
      'refused no_such_code -': '1',
      'refused __proto__ -': '1',
      'ceiling_near - chat': '2',
      'passed - /a b': '1',
      'circuit_opened - -': 'many',
      'circuit_closed - -': '0',
      'would_refuse - -': '1.5',
      'revocation_unchecked - -': '99999999999999999999',
    };
    await command(bridge(), 'HSET', key, ...Object.entries(fields).flat());
    const before = bridge().requests;
    expect(await read()).toEqual([
      { day: '2026-11-21', event: 'passed', route: '/api/*', count: 3 },
      { day: '2026-11-21', event: 'refused', code: 'token_expired', route: '/api/*', count: 1 },
      { day: '2026-11-21', event: 'ceiling_near', route: 'chat', count: 2 },
    ]);
    expect(bridge().requests - before).toBe(1);
  });

  test.each([{ kind: 'bad-gateway' }, { kind: 'rubbish' }, { kind: 'hang' }] as const)(
    'fails while Redis is faulty: $kind',
    async (fault) => {
      bridge().setFault(fault);
      const redis = createRedis(bridge());
      expect(await codeOf(() => readCounts(redis, Date.now()))).toBe('store_unavailable');
    },
  );
});

describeWith('redis-server')('over a real Redis', () => {
  const real = useRedisBridge('redis-server');

  test('counts add up and live for eight days; a day that holds something else stops no other', async () => {
    await command(real(), 'DEL', 'daypass:stats:2026-11-21', 'daypass:stats:2026-11-22');
    const redis = patient(real());
    const counters = createCounters(
      redis,
      () => true,
      () => Date.now(),
    );
    for (let time = 0; time < 2; time += 1) {
      counters.add('refused', { code: 'token_expired', route: '/api/*' });
      await counters.flush();
    }
    expect(await readCounts(redis, Date.now())).toEqual([
      { day: '2026-11-21', event: 'refused', code: 'token_expired', route: '/api/*', count: 2 },
    ]);
    expect(await command(real(), 'TTL', 'daypass:stats:2026-11-21')).toSatisfy(isLeftOf(8 * 86_400));

    await command(real(), 'SET', 'daypass:stats:2026-11-21', 'not a hash', 'EX', 60);
    counters.add('passed');
    vi.setSystemTime(noon + dayMilliseconds);
    counters.add('passed');
    await counters.flush();
    expect(await command(real(), 'HGETALL', 'daypass:stats:2026-11-22')).toEqual(['passed - -', '1']);
    expect(await codeOf(() => readCounts(redis, Date.now()))).toBe('store_unavailable');
    await command(real(), 'DEL', 'daypass:stats:2026-11-21', 'daypass:stats:2026-11-22');
  });

  test('the counts of a day and its life are one command; a field that is no number stops no other', async () => {
    const key = 'daypass:stats:2026-11-21';
    await command(real(), 'DEL', key);
    const counters = createCounters(
      patient(real()),
      () => true,
      () => Date.now(),
    );
    for (const event of ['passed', 'refused', 'would_refuse'] as const) counters.add(event);
    const before = real().commands;
    await counters.flush();
    expect(real().commands - before).toBe(1);
    expect(await command(real(), 'TTL', key)).toSatisfy(isLeftOf(8 * 86_400));

    await command(real(), 'HSET', key, 'refused - -', 'many');
    for (const event of ['passed', 'refused', 'would_refuse'] as const) counters.add(event);
    await counters.flush();
    await counters.flush();
    expect(await command(real(), 'HMGET', key, 'passed - -', 'refused - -', 'would_refuse - -')).toEqual([
      '2',
      'many',
      '2',
    ]);
    await command(real(), 'HDEL', key, 'refused - -');
    await counters.flush();
    expect(await command(real(), 'HGET', key, 'refused - -')).toBe('1');
    await command(real(), 'DEL', key);
  });
});

const outcomes = ['good', 'throws', 'rubbish', 'takes one field', 'loses its answer'] as const;
type Outcome = (typeof outcomes)[number];

/** A Redis whose scripts do what the plan says, each for itself. */
function unreliable(plan: readonly Outcome[], isClosed = () => true) {
  const state = {
    scripts: 0,
    /** Scripts that came while the circuit was open. */
    scriptsWhileOpen: 0,
    isGood: false,
    sums: new Map<string, number>(),
    /** What was counted without saying so. */
    unanswered: new Map<string, number>(),
  };
  const redis = {
    async eval(_script: string, [key]: string[], [, ...pairs]: (string | number)[]) {
      if (!isClosed()) state.scriptsWhileOpen += 1;
      const outcome = state.isGood ? 'good' : plan[state.scripts % plan.length];
      state.scripts += 1;
      if (outcome === 'throws') throw new Error('connection reset');
      if (outcome === 'rubbish') return '<p>It works!</p>';
      const taken = [];
      for (let at = 0; at < pairs.length; at += 2) {
        const isTaken = outcome !== 'takes one field' || at === 0;
        taken.push(isTaken ? 1 : 0);
        if (!isTaken) continue;
        const place = `${key} ${pairs[at]}`;
        increase(state.sums, place, Number(pairs[at + 1]));
        if (outcome === 'loses its answer') increase(state.unanswered, place, Number(pairs[at + 1]));
      }
      if (outcome === 'loses its answer') throw new Error('timed out');
      return taken;
    },
  };
  return { redis: redis as unknown as Redis, state };
}

function increase(counts: Map<string, number>, place: string, count: number): void {
  counts.set(place, (counts.get(place) ?? 0) + count);
}

test('a steady stream of calls is sent once a second', async () => {
  vi.useFakeTimers({ now: noon });
  const { redis, state } = unreliable(['good']);
  const counters = createCounters(
    redis,
    () => true,
    () => Date.now(),
  );
  for (let call = 0; call < 100; call += 1) {
    counters.sendAlong();
    counters.add('passed');
    void counters.flush();
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(1000);
  expect([...state.sums.values()]).toEqual([100]);
  expect(state.scripts).toBeLessThanOrEqual(11);
});

test('a clock that is set back by an hour keeps no count back for an hour', async () => {
  vi.useFakeTimers({ now: noon });
  const { redis, state } = unreliable(['good']);
  const counters = createCounters(
    redis,
    () => true,
    () => Date.now(),
  );
  counters.add('passed');
  vi.setSystemTime(noon - 3_600_000);
  counters.sendAlong();
  await vi.advanceTimersByTimeAsync(0);
  expect([...state.sums.values()]).toEqual([1]);
});

test('whatever fails and whenever, nothing is lost, and counted twice is only what lost its answer while the circuit was closed', async () => {
  vi.useFakeTimers({ now: noon });
  const events: StatsEvent[] = ['passed', 'refused', 'would_refuse'];
  const step = fc.oneof(
    fc.record({ add: fc.constantFrom(...events), times: fc.integer({ min: 1, max: 5 }) }),
    fc.record({ waitMilliseconds: fc.constantFrom(1, 400, 1000, dayMilliseconds) }),
    fc.constantFrom('sendAlong' as const, 'flush' as const, 'open' as const, 'close' as const),
  );
  const plan = fc.array(fc.constantFrom(...outcomes), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(plan, fc.array(step, { maxLength: 40 }), async (planned, steps) => {
      vi.setSystemTime(noon);
      let isClosed = true;
      const { redis, state } = unreliable(planned, () => isClosed);
      const counters = createCounters(
        redis,
        () => isClosed,
        () => Date.now(),
      );
      const expected = new Map<string, number>();
      for (const taken of steps) {
        if (taken === 'sendAlong') counters.sendAlong();
        else if (taken === 'flush') void counters.flush();
        else if (taken === 'open' || taken === 'close') isClosed = taken === 'close';
        else if ('waitMilliseconds' in taken) await vi.advanceTimersByTimeAsync(taken.waitMilliseconds);
        else {
          const day = new Date().toISOString().slice(0, 10);
          increase(expected, `daypass:stats:${day} ${taken.add} - /api/*`, taken.times);
          for (let time = 0; time < taken.times; time += 1) counters.add(taken.add, { route: '/api/*' });
        }
      }
      await vi.advanceTimersByTimeAsync(1000);
      state.isGood = true;
      isClosed = true;
      void counters.flush();
      await vi.advanceTimersByTimeAsync(1000);
      expect(state.scriptsWhileOpen).toBe(0);
      for (const [place, count] of state.unanswered) increase(expected, place, count);
      expect(new Map([...state.sums].sort())).toEqual(new Map([...expected].sort()));
    }),
  );
});
