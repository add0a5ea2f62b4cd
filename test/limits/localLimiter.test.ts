import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLocalLimiter } from '../../src/limits/localLimiter.ts';

/** The start of a window of any length that divides an hour. */
const windowStart = 1_800_000_000_000;

function connect(limit: number, windowSeconds = 60) {
  const clock = { now: windowStart };
  return { clock, limiter: createLocalLimiter('session', { limit, windowSeconds }, () => clock.now) };
}

test('counts down, refuses, and starts anew with the next window', async () => {
  const { clock, limiter } = connect(2);
  clock.now += 47_500;
  const seen = [];
  for (let call = 0; call < 3; call += 1) seen.push(await limiter.check('someone'));
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
  expect(await limiter.check('someone')).toMatchObject({ allowed: false, resetSeconds: 1 });
  clock.now = windowStart + 60_000;
  expect(await limiter.check('someone')).toMatchObject({ allowed: true, remaining: 1, resetSeconds: 60 });
});

test('identifiers and limiters are counted apart', async () => {
  const { limiter } = connect(1);
  const { limiter: other } = connect(1);
  expect(await limiter.check('first')).toMatchObject({ allowed: true });
  expect(await limiter.check('second')).toMatchObject({ allowed: true });
  expect(await other.check('first')).toMatchObject({ allowed: true });
  expect(await limiter.check('first')).toMatchObject({ allowed: false });
});

test('recall says what the next check would refuse, and counts nothing', async () => {
  const { clock, limiter } = connect(2);
  for (let call = 0; call < 10; call += 1) expect(limiter.recall('someone')).toBeUndefined();
  await limiter.check('someone');
  expect(limiter.recall('someone')).toBeUndefined();
  await limiter.check('someone');
  expect(limiter.recall('someone')).toEqual(await limiter.check('someone'));
  clock.now += 60_000;
  expect(limiter.recall('someone')).toBeUndefined();
});

test('a clock that is set back refuses nobody for longer than a window', async () => {
  const { clock, limiter } = connect(1);
  await limiter.check('someone');
  clock.now -= 3_600_000;
  expect(await limiter.check('someone')).toMatchObject({ allowed: true, resetSeconds: 60 });
  expect(await limiter.check('someone')).toMatchObject({ allowed: false });
});

test('however many call, those before are forgotten and nobody is refused for them', async () => {
  const { limiter } = connect(1);
  await limiter.check('first');
  for (let caller = 0; caller < 10_000; caller += 1) {
    expect((await limiter.check(`caller ${caller}`)).allowed).toBe(true);
  }
  expect(limiter.recall('first')).toBeUndefined();
  expect(limiter.recall('caller 9999')).toBeDefined();
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
          const { allowed } = await limiter.check(who);
          expect(allowed).toBe(before < limit);
          if (allowed) passed.set(window, before + 1);
        }
      },
    ),
  );
});

test('a call that came to nothing is given back, and never more than was taken', async () => {
  const { limiter } = connect(1);
  await limiter.check('someone');
  for (let refunds = 0; refunds < 3; refunds += 1) await limiter.refund('someone');
  expect(await limiter.check('someone')).toMatchObject({ allowed: true, remaining: 0 });
  expect(await limiter.check('someone')).toMatchObject({ allowed: false });
});
