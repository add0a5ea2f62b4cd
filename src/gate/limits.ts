import {
  type AddressLimiters,
  type CreateLimiter,
  countAddress,
  type HashedBuckets,
  recallAddress,
} from '../limits/addressLimiters.ts';
import type { Decision, Limiter } from '../limits/limiter.ts';
import type { Policy } from '../policy/types.ts';

/** What a call counts for, each hashed. */
export interface CallBuckets extends HashedBuckets {
  /** Undefined where no token is asked. */
  session: string | undefined;
}

/** The limits of the gate. */
export interface GateLimiters extends AddressLimiters {
  session: Limiter;
}

export function createGateLimiters(create: CreateLimiter, { limits }: Pick<Policy, 'limits'>): GateLimiters {
  return {
    session: create('session', limits.session),
    address: create('address', limits.address),
    network: create('network', limits.network),
  };
}

/**
 * A refusal that is known before anybody is asked, of the narrowest limit first, also of a session that was revoked
 * meanwhile. The flood of a session must not use up the limit of its address, which a whole office may share, nor that of
 * an address the limit of its network. Calls under way at once may still count: none knows of the refusal of another.
 */
export function recallRefusal(limiters: GateLimiters, buckets: CallBuckets): Decision | undefined {
  const { session } = buckets;
  const known = session === undefined ? undefined : limiters.session.recall(session);
  return known ?? recallAddress(limiters, buckets);
}

/** Counts a call in each of its buckets, all in one tick: the client merges them into one request. */
export async function countCall(limiters: GateLimiters, buckets: CallBuckets): Promise<readonly Decision[]> {
  const { session } = buckets;
  const [ofSession, ofAddress] = await Promise.all([
    session === undefined ? undefined : limiters.session.check(session),
    countAddress(limiters, buckets),
  ]);
  return ofSession ? [ofSession, ...ofAddress] : ofAddress;
}
