import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createStoredWindow } from '../../src/limits/limiter.ts';
import type { Limit } from '../../src/policy/types.ts';
import { describeWith } from '../support/optional.ts';
import { fc } from '../support/property.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';

/** The start of a window of any length that divides an hour. */
const windowStart = 1_800_000_000_000;
const windowSeconds = 60;

beforeEach(() => {
  // The client's own timers must run: only the clock stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: windowStart });
});
afterEach(() => vi.useRealTimers());

function suite(backend: 'memory' | 'redis-server'): void {
  // The Redis in memory interprets Lua in JavaScript: a larger crowd would outlast the client's patience.
  const limit = backend === 'memory' ? 4 : 80;
  const bridge = useRedisBridge(backend);
  /** A limiter of an instance of its own, which remembers nothing of the others'. */
  const connect = (name: string, rule: Partial<Limit>) =>
    createStoredWindow(
      patient(bridge()),
      { name, key: name, limit, windowSeconds, algorithm: 'fixed-window', ...rule },
      () => Date.now(),
    );

  test.each(['fixed-window', 'sliding-window'] as const)(
    '%s: of five times the limit at once, exactly the limit pass, in this window and the next but one',
    async (algorithm) => {
      const name = `crowd-${crypto.randomUUID()}`;
      const instances = Array.from({ length: 5 }, () => connect(name, { algorithm }));
      const passed = async () => {
        const calls = instances.flatMap((limiter) =>
          Array.from({ length: limit }, () => limiter.consume('caller')),
        );
        return (await Promise.all(calls)).filter(({ allowed }) => allowed).length;
      };
      expect(await passed()).toBe(limit);
      expect(await passed()).toBe(0);
      vi.setSystemTime(windowStart + 2 * windowSeconds * 1000 + 1);
      expect(await passed()).toBe(limit);
    },
  );

  test('sliding-window: at most the limit in each window, at most twice in any time as long', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 * windowSeconds * 1000 - 1 }), { minLength: 20, maxLength: 60 }),
        fc.integer({ min: 1, max: 8 }),
        async (offsets, limit) => {
          const limiter = connect(`slide-${crypto.randomUUID()}`, { algorithm: 'sliding-window', limit });
          const passed: number[] = [];
          for (const offset of offsets.toSorted((a, b) => a - b)) {
            vi.setSystemTime(windowStart + offset);
            if ((await limiter.consume('caller')).allowed) passed.push(offset);
          }
          const length = windowSeconds * 1000;
          const within = (from: number) => passed.filter((at) => at >= from && at < from + length).length;
          for (const from of [0, length, 2 * length]) expect(within(from)).toBeLessThanOrEqual(limit);
          for (const from of passed) expect(within(from)).toBeLessThanOrEqual(2 * limit);
          expect(passed.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 10 },
    );
  });

  test('every key goes by itself', async () => {
    for (const algorithm of ['fixed-window', 'sliding-window'] as const) {
      await connect(`mortal-${algorithm}`, { algorithm }).consume('caller');
    }
    expect(((await command(bridge(), 'KEYS', 'daypass:limit:*')) as string[]).length).toBeGreaterThan(1);
    expect(await keysForEver(bridge())).toEqual([]);
  });
}

describe('over Redis in memory', () => suite('memory'));
describeWith('redis-server')('over a real Redis', () => suite('redis-server'));
