import { addressBuckets, unknownAddress } from '../limits/address.ts';
import { hashBuckets } from '../limits/addressLimiters.ts';
import { enforce } from '../limits/enforce.ts';
import type { Decision } from '../limits/limiter.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Circuit } from '../store/circuit.ts';
import type { Counters } from '../store/counters.ts';
import { describeRedisError } from '../store/redisError.ts';
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
 * one Redis round trip. While Redis is away the policy's `storeFailure` decides, after 300 ms at most; so it does for a
 * call whose limits Redis refuses to count. A revocation that this instance has seen holds in any case.
 */
export function createAdmit(dependencies: AdmitDependencies): Admit {
  const { hashIdentifier, revocations, limiters, circuit, withoutStore, counters, log } = dependencies;
  let toldOfUnknown = false;

  async function bucketsOf(subject: string | undefined, address: string | undefined): Promise<CallBuckets> {
    if (addressBuckets(address).address === unknownAddress && !toldOfUnknown) {
      toldOfUnknown = true;
      log('address_unknown', { effect: 'callers without an address share one limit' });
    }
    // Apart: what anybody may call must not use up what neighbours with a pass need, nor the other way round.
    const open = (bucket: string) => hashIdentifier(`open ${bucket}`);
    const [session, buckets] = await Promise.all([
      subject === undefined ? undefined : hashIdentifier(subject),
      hashBuckets(subject === undefined ? open : hashIdentifier, address),
    ]);
    return { session, ...buckets };
  }

  function refuseRevoked(session: string | undefined): void {
    if (session !== undefined && revocations.isKnown(session)) throw new DaypassError('token_revoked');
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
    refuseRevoked(session);
    const known = recallRefusal(limiters, buckets);
    if (known) enforce([known]);
    let isRevoked: boolean | undefined;
    const askRevocation = async () => {
      if (session !== undefined) isRevoked = await revocations.isRevoked(session);
    };
    const decisions = await circuit
      // All in one tick from here: the client merges them into one request.
      .run(() => both(countCall(limiters, buckets), askRevocation()))
      .catch((reason) => {
        // Another call of the session may have learned it meanwhile.
        refuseRevoked(session);
        return withoutStore(buckets, reason);
      });
    // Whatever became of the limits.
    if (isRevoked) throw new DaypassError('token_revoked');
    enforce(decisions);
    if (session !== undefined && isRevoked === undefined) counters.add('revocation_unseen', { route });
    return decisions;
  };
}

/**
 * Waits for both answers, also when one is an error reply: what Redis refuses to count says nothing of revocations.
 * @returns the first one's
 * @throws what says that Redis is away, else what the first one throws, else the second one
 */
async function both<T>(first: Promise<T>, second: Promise<unknown>): Promise<T> {
  const answers = await Promise.allSettled([first, second]);
  const failures = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  const isAway = (reason: unknown) => describeRedisError(reason) === 'unreachable';
  if (failures.length > 0) throw failures.find(isAway) ?? failures[0];
  return first;
}
