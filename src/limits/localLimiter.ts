import type { Limit } from '../policy/types.ts';
import { BoundedMap } from './boundedMap.ts';
import type { Decision, Limiter } from './limiter.ts';

/** Identifiers that one instance counts at once; the oldest are forgotten, so that a crowd cannot fill its memory. */
const countedIdentifiers = 10_000;

/**
 * A limit that one instance keeps in its own memory, for when Redis cannot be asked, or is not worth asking. Each
 * instance counts for itself: callers that reach several get the limit of each. Windows are fixed, whatever the policy's
 * algorithm: never more than the limit in a window of the clock.
 * @param now the present, milliseconds since the epoch
 */
export function createLocalLimiter(name: string, limit: Limit, now = () => Date.now()): Limiter {
  const windowMilliseconds = limit.windowSeconds * 1000;
  /** Calls of the window at hand; those of another are forgotten together. */
  const calls = new BoundedMap<string, number>(countedIdentifiers);
  let window = -1;

  function callsSoFar(identifier: string): number {
    const present = Math.floor(now() / windowMilliseconds);
    if (present !== window) calls.clear();
    window = present;
    return calls.get(identifier) ?? 0;
  }
  function decide(allowed: boolean, remaining: number): Decision {
    const endsAt = (window + 1) * windowMilliseconds;
    const resetSeconds = Math.max(1, Math.ceil((endsAt - now()) / 1000));
    const { limit: most, windowSeconds } = limit;
    return { name, allowed, limit: most, windowSeconds, remaining, resetSeconds };
  }
  return {
    async check(identifier) {
      const before = callsSoFar(identifier);
      if (before >= limit.limit) return decide(false, 0);
      calls.set(identifier, before + 1);
      return decide(true, limit.limit - before - 1);
    },
    recall(identifier) {
      return callsSoFar(identifier) >= limit.limit ? decide(false, 0) : undefined;
    },
    async refund(identifier) {
      const before = callsSoFar(identifier);
      if (before > 0) calls.set(identifier, before - 1);
    },
  };
}
