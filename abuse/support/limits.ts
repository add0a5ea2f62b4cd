import { setTimeout as sleep } from 'node:timers/promises';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { Limit, Limits } from '../../src/policy/types.ts';

const daySeconds = 86_400;

/** A limit whose window is a day of UTC. */
export function aDay(limit: number): Limit {
  return { limit, windowSeconds: daySeconds, algorithm: 'fixed-window' };
}

/** Limits that nothing here meets, asked at every call, but for those that are given. */
export function wideLimits(limits: Partial<Limits> = {}): Limits {
  const wide = Object.keys(defaultLimits).map((name) => [name, aDay(1_000_000_000)]);
  return { ...(Object.fromEntries(wide) as unknown as Limits), leaseSeconds: 0, ...limits };
}

/** Waits until a window of the clock will not end for a while. */
export async function awayFromBorder(windowSeconds: number, aheadSeconds: number): Promise<void> {
  const leftSeconds = windowSeconds - ((Date.now() / 1000) % windowSeconds);
  if (leftSeconds < aheadSeconds) await sleep(leftSeconds * 1000 + 10);
}

/** Waits until the day will not end for a while. */
export function awayFromMidnight(): Promise<void> {
  return awayFromBorder(daySeconds, 60);
}
