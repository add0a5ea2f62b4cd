import { afterEach, describe, expect, test, vi } from 'vitest';
import { difficultyAt, drawCounter } from '../../src/admission/difficulty.ts';

const settings = { difficulty: 1000, maxDifficulty: 16_000, baselinePerMinute: 60, ttlSeconds: 300 };

test.each([
  [0, 1000],
  [59, 1000],
  [60, 1000],
  [61, 1017],
  [90.5, 1508],
  [120, 2000],
  [959, 15_983],
  [960, 16_000],
  [1e9, 16_000],
])('at %d admissions a minute a proof takes %d units', (load, expected) => {
  expect(difficultyAt(load, settings)).toBe(expected);
});

describe('the counter', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test.each([
    [1, 1],
    [2, 3],
    [7, 13],
  ])('of difficulty %d takes %d tries at most, each number as often as the other', (difficulty, most) => {
    const draws = Array.from({ length: 4000 }, () => drawCounter(difficulty));
    expect(new Set(draws.map((draw) => draw.maxTries))).toEqual(new Set([most]));
    const counts = Array.from(
      { length: most },
      (_, index) => draws.filter(({ counter }) => counter === index).length,
    );
    expect(counts.reduce((sum, count) => sum + count)).toBe(4000);
    // Six standard deviations of a fair draw.
    const spread = 6 * Math.sqrt((4000 / most) * (1 - 1 / most));
    for (const count of counts) expect(Math.abs(count - 4000 / most)).toBeLessThanOrEqual(spread);
  });

  test('draws again what would favour the low ones', () => {
    const words = [0xffff_ffff, 0xffff_fffe, 5];
    const random = vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) => {
      (array as Uint32Array)[0] = words.shift() ?? 0;
      return array;
    });
    // 1999 does not divide 2 ** 32: of the highest words there are too few.
    expect(drawCounter(1000)).toEqual({ counter: 5, maxTries: 1999 });
    expect(random).toHaveBeenCalledTimes(3);
  });
});
