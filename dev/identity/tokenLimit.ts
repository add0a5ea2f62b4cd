import type { Context } from 'hono';
import type { Clock } from './clock.ts';
import { HttpError } from './errors.ts';
import type { Settings } from './options.ts';

/**
 * A token bucket for each caller, full at first and refilled evenly over the window.
 * @returns a check that throws HttpError 429 when the caller has none left
 */
export function createTokenLimit({ tokenLimit }: Settings, clock: Clock): (c: Context) => void {
  if (!tokenLimit) return () => {};
  const { limit, windowSeconds, callerHeader } = tokenLimit;
  const perMillisecond = limit / (windowSeconds * 1000);
  const buckets = new Map<string, { left: number; atMs: number }>();

  return (c) => {
    const caller = c.req.header(callerHeader) ?? '';
    const atMs = clock.milliseconds();
    const before = buckets.get(caller) ?? { left: limit, atMs };
    const left = Math.min(limit, before.left + (atMs - before.atMs) * perMillisecond);
    buckets.set(caller, { left: left >= 1 ? left - 1 : left, atMs });
    if (left < 1) throw new HttpError(429, 'Rate limit exceeded');
  };
}
