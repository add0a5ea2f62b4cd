import { setTimeout as sleep } from 'node:timers/promises';
import type { DevRedis } from '../dev/redis/start.ts';
import { createStoredWindow, type WindowLimiter } from '../src/limits/limiter.ts';
import type { Limit } from '../src/policy/types.ts';
import { patient } from '../test/support/redisParts.ts';
import { tally } from './support/count.ts';
import { atLeast, atMost, exactly, type Figure } from './support/figures.ts';
import { inParallel } from './support/inParallel.ts';
import { awayFromBorder } from './support/limits.ts';
import type { Measure } from './support/measure.ts';
import { most, type Span } from './support/span.ts';

/** Each has a memory and connections of its own, as instances of one site have. */
const instances = 4;
const longWindowSeconds = 3600;
const sliding = { limit: 50, windowSeconds: 1 };
const floodSeconds = 8;

/** Of more calls at once than a limit allows, as many pass as it says. */
export const exactLimits: Measure = {
  name: 'limits',
  what: 'Limits under crowds',
  async run(context) {
    const bridge = await context.startBridge();
    await awayFromBorder(longWindowSeconds, 30);
    const figures: Figure[] = [];
    for (const [limit, times] of [
      [1, 500],
      [7, 100],
      [100, 20],
    ] as const) {
      const fixed = await crowd(bridge, { limit, algorithm: 'fixed-window' }, times * limit);
      figures.push(exactly(`fixed window: of ${times} × ${limit} calls at once, passed`, fixed, limit));
      const slid = await crowd(bridge, { limit, algorithm: 'sliding-window' }, times * limit);
      figures.push(atMost(`sliding window: of ${times} × ${limit} calls at once, passed`, slid, limit));
    }
    return [...figures, ...(await flood(bridge))];
  },
};

/** How many of the calls pass that come at once, at several instances, in one window. */
async function crowd(
  bridge: DevRedis,
  rule: Pick<Required<Limit>, 'limit' | 'algorithm'>,
  calls: number,
): Promise<number> {
  const name = `${rule.algorithm}-${rule.limit}`;
  const limiters = connect(bridge, name, { ...rule, windowSeconds: longWindowSeconds });
  const decisions = await inParallel(calls, calls, (index) => pick(limiters, index).consume('caller'));
  return decisions.filter(({ allowed }) => allowed).length;
}

/** A sliding window under a flood that lasts for several windows. */
async function flood(bridge: DevRedis): Promise<Figure[]> {
  const limiters = connect(bridge, 'flood', { ...sliding, algorithm: 'sliding-window' });
  const passes: Span[] = [];
  const end = Date.now() + floodSeconds * 1000;
  let calls = 0;
  await inParallel(20, 20, async (index) => {
    while (Date.now() < end) {
      const from = Date.now();
      const { allowed } = await pick(limiters, index).consume('caller');
      calls += 1;
      if (allowed) passes.push({ from, to: Date.now() });
      await sleep(5);
    }
  });
  const windowMilliseconds = sliding.windowSeconds * 1000;
  const windowOf = (at: number) => Math.floor(at / windowMilliseconds);
  // A call that was under way at the border of two belongs to either.
  const certain = passes.filter(({ from, to }) => windowOf(from) === windowOf(to));
  const inOneWindow = Math.max(...tally(certain.map(({ from }) => `${windowOf(from)}`)).values());
  const rule = `${sliding.limit} in ${sliding.windowSeconds} s`;
  return [
    atLeast(
      `sliding window of ${rule}, ${floodSeconds} s of flood: calls made`,
      calls,
      sliding.limit * floodSeconds * 5,
    ),
    atLeast('… and passed in all', passes.length, (sliding.limit * floodSeconds) / 2),
    atMost('… in one window of the clock, passed', inOneWindow, sliding.limit),
    atMost('… in any time as long, passed', most(passes, windowMilliseconds), 2 * sliding.limit),
  ];
}

function connect(bridge: DevRedis, name: string, rule: Required<Limit>): WindowLimiter[] {
  return Array.from({ length: instances }, () =>
    createStoredWindow(patient(bridge), { ...rule, name, key: name }, () => Date.now()),
  );
}

function pick(limiters: readonly WindowLimiter[], index: number): WindowLimiter {
  return limiters[index % limiters.length] as WindowLimiter;
}
