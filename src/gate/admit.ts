import { addressBuckets, unknownAddress } from '../limits/address.ts';
import { hashBuckets } from '../limits/addressLimiters.ts';
import { enforce } from '../limits/enforce.ts';
import type { Decision } from '../limits/limiter.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Circuit } from '../store/circuit.ts';
import type { Counters } from '../store/counters.ts';
import type { Revocations } from '../store/revocation.ts';
import { type CallBuckets, countCall, type GateLimiters, recallRefusal } from './limits.ts';
import type { WithoutStore } from './withoutStore.ts';

export interface AdmitDependencies {
  hashIdentifier(identifier: string): Promise<string>;
  revocations: Revocations;
  limiters: GateLimiters;
  circuit: Circuit;
  withoutStore: WithoutStore;
  counters: Counters;
  log: Log;
}

/** Counts the calls of sessions and addresses, and refuses those that are too many or revoked. */
export type Admit = (
  subject: string | undefined,
  address: string | undefined,
  route?: string,
) => Promise<readonly Decision[]>;

/**
 * Makes the check that each call passes behind the token: revocation, the session's limit and the address's limits, in
 * one Redis round trip. While Redis is away the policy's `storeFailure` decides, after 300 ms at most.
 */
export function createAdmit(dependencies: AdmitDependencies): Admit {
  const { hashIdentifier, revocations, limiters, circuit, withoutStore, counters, log } = dependencies;
  let toldOfUnknown = false;

  async function bucketsOf(subject: string | undefined, address: string | undefined): Promise<CallBuckets> {
    if (addressBuckets(address).address === unknownAddress && !toldOfUnknown) {
      toldOfUnknown = true;
      log('address_unknown', { effect: 'callers without an address share one limit' });
    }
    const [session, buckets] = await Promise.all([
      subject === undefined ? undefined : hashIdentifier(subject),
      hashBuckets(hashIdentifier, address),
    ]);
    return { session, ...buckets };
  }

  /**
   * @param subject the session; undefined where no token is asked, and the address alone counts
   * @param route its path in the policy, for the counters
   * @returns what each limit said; nothing where Redis is away and the policy allows
   * @throws {DaypassError} `token_revoked`, `rate_limited`, `store_unavailable`
   */
  return async (subject, address, route) => {
    const buckets = await bucketsOf(subject, address);
    const { session } = buckets;
    const known = recallRefusal(limiters, buckets);
    if (known) enforce([known]);
    const seen: { revoked?: boolean } = {};
    const askRevocation = async () => {
      if (session !== undefined) seen.revoked = await revocations.isRevoked(session);
    };
    const askStore = async () => {
      // All in one tick from here: the client merges them into one request.
      const [decisions] = await Promise.all([countCall(limiters, buckets), askRevocation()]);
      return decisions;
    };
    const decisions = await circuit.run(askStore).catch((reason) => withoutStore(buckets, reason));
    // Whatever became of the limits: a revocation that was seen holds.
    if (seen.revoked) throw new DaypassError('token_revoked');
    enforce(decisions);
    if (session !== undefined && seen.revoked === undefined) counters.add('revocation_unseen', { route });
    return decisions;
  };
}
