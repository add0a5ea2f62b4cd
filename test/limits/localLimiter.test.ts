import { describe, expect, test } from 'vitest';
import { createLocalWindow } from '../../src/limits/localLimiter.ts';
import type { Decision } from '../../src/limits/meter.ts';
import { fc } from '../support/property.ts';

/** The start of a window of any length that divides an hour. */
const windowStart = 1_800_000_000_000;

const names = { name: 'session', key: 'session', algorithm: 'fixed-window' } as const;

function connect(limit: number, windowSeconds = 60) {
  const clock = { now: windowStart };
  return { clock, limiter: createLocalWindow({ ...names, limit, windowSeconds }, () => clock.now) };
}

test('counts down, refuses, and restarts with the next window', async () => {
  const { clock, limiter } = connect(2);
  clock.now += 47_500;
  const seen = [];
  for (let call = 0; call < 3; call += 1) seen.push(await limiter.consume('someone'));
  expect(seen.map(({ allowed, remaining }) => [allowed, remaining])).toEqual([
    [true, 1],
    [true, 0],
    [false, 0],
  ]);
  expect(seen[2]).toEqual({
    name: 'session',
    allowed: false,
    limit: 2,
    windowSeconds: 60,
    remaining: 0,
    resetSeconds: 13,
  });
  clock.now = windowStart + 59_999;
  expect(await limiter.consume('someone')).toMatchObject({ allowed: false, resetSeconds: 1 });
  clock.now = windowStart + 60_000;
  expect(await limiter.consume('someone')).toMatchObject({ allowed: true, remaining: 1, resetSeconds: 60 });
});

test('identifiers and limiters are counted apart', async () => {
  const { limiter } = connect(1);
  const { limiter: other } = connect(1);
  expect(await limiter.consume('first')).toMatchObject({ allowed: true });
  expect(await limiter.consume('second')).toMatchObject({ allowed: true });
  expect(await other.consume('first')).toMatchObject({ allowed: true });
  expect(await limiter.consume('first')).toMatchObject({ allowed: false });
});

test('recall says what the next check would refuse, and counts nothing', async () => {
  const { clock, limiter } = connect(2);
  for (let call = 0; call < 10; call += 1) expect(limiter.peek('someone')).toBeUndefined();
  await limiter.consume('someone');
  expect(limiter.peek('someone')).toBeUndefined();
  await limiter.consume('someone');
  expect(limiter.peek('someone')).toEqual(await limiter.consume('someone'));
  clock.now += 60_000;
  expect(limiter.peek('someone')).toBeUndefined();
});

test('a clock that is set back refuses no caller for longer than a window', async () => {
  const { clock, limiter } = connect(1);
  await limiter.consume('someone');
  clock.now -= 3_600_000;
  expect(await limiter.consume('someone')).toMatchObject({ allowed: true, resetSeconds: 60 });
  expect(await limiter.consume('someone')).toMatchObject({ allowed: false });
});

test('however many call, those before are forgotten and no other caller is refused for them', async () => {
  const { limiter } = connect(1);
  await limiter.consume('first');
  for (let caller = 0; caller < 10_000; caller += 1) {
    expect((await limiter.consume(`caller ${caller}`)).allowed).toBe(true);
  }
  expect(limiter.peek('first')).toBeUndefined();
  expect(limiter.peek('caller 9999')).toBeDefined();
});

test('of any calls at any times, exactly the limit pass in each window', async () => {
  const step = fc.record({
    waitMilliseconds: fc.integer({ min: 0, max: 2_000 }),
    who: fc.constantFrom('a', 'b'),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 60 }),
      async (limit, steps) => {
        const { clock, limiter } = connect(limit, 3);
        const passed = new Map<string, number>();
        for (const { waitMilliseconds, who } of steps) {
          clock.now += waitMilliseconds;
          const window = `${who} ${Math.floor(clock.now / 3_000)}`;
          const before = passed.get(window) ?? 0;
          const { allowed } = await limiter.consume(who);
          expect(allowed).toBe(before < limit);
          if (allowed) passed.set(window, before + 1);
        }
      },
    ),
  );
});

test('a call that came to nothing is given back, and never more than was taken', async () => {
  const { limiter } = connect(1);
  await limiter.consume('someone');
  for (let refunds = 0; refunds < 3; refunds += 1) await limiter.refund('someone');
  expect(await limiter.consume('someone')).toMatchObject({ allowed: true, remaining: 0 });
  expect(await limiter.consume('someone')).toMatchObject({ allowed: false });
});

describe('following the same limit in Redis', () => {
  const limit = 10;

  /** A limit in Redis, of which the test says what it answers. */
  function connectBoth() {
    const clock = { now: windowStart };
    const answers: ((outcome: Partial<Decision> | Error) => void)[] = [];
    const base = { name: 'session', allowed: true, limit, windowSeconds: 60, remaining: 0, resetSeconds: 60 };
    const local = createLocalWindow({ ...names, limit, windowSeconds: 60 }, () => clock.now);
    const stored = local.follow({
      consume: () =>
        new Promise((resolve, reject) => {
          answers.push((outcome) => {
            if (outcome instanceof Error) reject(outcome);
            else resolve({ ...base, ...outcome });
          });
        }),
      peek: () => undefined,
      refund: async () => undefined,
    });
    const ask = async (outcome: Partial<Decision> | Error) => {
      const decision = stored.consume('someone');
      answers.shift()?.(outcome);
      return (await decision).allowed;
    };
    const passHere = async (calls: number) => {
      const decisions = [];
      for (let call = 0; call < calls; call += 1) decisions.push(await local.consume('someone'));
      return decisions.filter(({ allowed }) => allowed).length;
    };
    return { clock, local, stored, answers, ask, passHere };
  }

  test("continues from Redis's last count, whichever instance used it", async () => {
    const { ask, passHere, local } = connectBoth();
    expect(await ask({ remaining: 3 })).toBe(true);
    expect(await passHere(10)).toBe(3);
    expect(local.peek('someone')).toMatchObject({ allowed: false, remaining: 0 });
  });

  test('what Redis refused stays refused until the next window', async () => {
    const { ask, passHere, clock } = connectBoth();
    expect(await ask({ allowed: false })).toBe(false);
    expect(await passHere(10)).toBe(0);
    clock.now += 60_000;
    expect(await passHere(20)).toBe(limit);
  });

  test('what passed here counts when Redis is back and knows nothing of it', async () => {
    const { ask, stored, passHere } = connectBoth();
    expect(await passHere(7)).toBe(7);
    // Two of others before: two of these three pass, since one more would be the eleventh.
    expect(await ask({ remaining: 7 })).toBe(true);
    expect(await ask({ remaining: 6 })).toBe(false);
    expect(stored.peek('someone')).toBeUndefined();
    expect(await ask({ remaining: 9 })).toBe(true);
  });

  test('of many at once, some answered in time and some late, no more than the limit pass', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('answer', 'late', 'lost'), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 0, max: limit }),
        async (kinds, usedByOthers) => {
          const { stored, local, answers } = connectBoth();
          let used = usedByOthers;
          const calls = kinds.map(async (kind) => {
            const decision = await stored.consume('someone').catch(() => undefined);
            if (kind === 'answer') return decision?.allowed === true;
            return (await local.consume('someone')).allowed;
          });
          kinds.forEach((kind, index) => {
            if (kind !== 'lost') used += 1;
            const allowed = used <= limit;
            if (kind === 'answer') answers[index]?.({ allowed, remaining: Math.max(0, limit - used) });
            else answers[index]?.(new Error('late'));
          });
          const passed = (await Promise.all(calls)).filter(Boolean).length;
          expect(passed).toBeLessThanOrEqual(limit);
        },
      ),
    );
  });

  test('while Redis answers every call, only Redis decides: in whatever order answers come, in sliding windows too', async () => {
    const step = fc.record({
      waitMilliseconds: fc.integer({ min: 0, max: 15_000 }),
      calls: fc.integer({ min: 1, max: 8 }),
      others: fc.integer({ min: 0, max: 4 }),
      reversed: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { clock, stored, answers } = connectBoth();
        /** Calls in each window, as the sliding window in Redis counts them. */
        const counts = new Map<number, number>();
        const slide = () => {
          const window = Math.floor(clock.now / 60_000);
          const weight = 1 - (clock.now % 60_000) / 60_000;
          const before = Math.floor(weight * (counts.get(window - 1) ?? 0));
          const present = counts.get(window) ?? 0;
          if (before + present >= limit) return { allowed: false, remaining: 0 };
          counts.set(window, present + 1);
          return { allowed: true, remaining: limit - before - present - 1 };
        };
        for (const { waitMilliseconds, calls, others, reversed } of steps) {
          clock.now += waitMilliseconds;
          for (let other = 0; other < others; other += 1) slide();
          const decisions = Array.from({ length: calls }, () => stored.consume('someone'));
          const told = decisions.map(slide);
          const order = [...told.keys()];
          for (const index of reversed ? order.reverse() : order) answers[index]?.(told[index] ?? {});
          answers.length = 0;
          expect((await Promise.all(decisions)).map(({ allowed }) => allowed)).toEqual(
            told.map(({ allowed }) => allowed),
          );
        }
      }),
    );
  });
});
