import type { Decision } from '../limits/limiter.ts';
import type { Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import { type CallBuckets, countCall, type GateLimiters, recallRefusal } from './limits.ts';

/**
 * Decides a call that Redis did not.
 * @param reason what was thrown instead of Redis's answer
 * @returns what the limits said that were asked
 * @throws the reason, where the policy denies, and when it is another than `store_unavailable`
 */
export type WithoutStore = (buckets: CallBuckets, reason: unknown) => Promise<readonly Decision[]>;

/**
 * The policy's answer to a Redis that is away or refuses: limits in the memory of this instance, nobody, or everybody.
 * @param limiters in that memory
 */
export function createWithoutStore(
  { storeFailure }: Pick<Policy, 'storeFailure'>,
  limiters: GateLimiters,
): WithoutStore {
  return async (buckets, reason) => {
    // What is our own mistake lets nobody through.
    const isAway = reason instanceof DaypassError && reason.code === 'store_unavailable';
    if (storeFailure === 'deny' || !isAway) throw reason;
    if (storeFailure === 'allow') return [];
    const known = recallRefusal(limiters, buckets);
    return known ? [known] : countCall(limiters, buckets);
  };
}
