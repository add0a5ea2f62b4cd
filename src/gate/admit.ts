import { addressBuckets, unknownAddress } from '../limits/address.ts';
import { enforce } from '../limits/enforce.ts';
import type { Decision, Limiter } from '../limits/limiter.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Revocations } from '../store/revocation.ts';

export interface AdmitDependencies {
  hashIdentifier(identifier: string): Promise<string>;
  revocations: Revocations;
  limiters: Readonly<Record<'session' | 'address' | 'network', Limiter>>;
  log: Log;
}

/** Counts the calls of sessions and addresses, and refuses those that are too many or revoked. */
export type Admit = (
  subject: string | undefined,
  address: string | undefined,
) => Promise<readonly Decision[]>;

/**
 * Makes the check that each call passes behind the token: revocation, the session's limit and the address's limits, in
 * one Redis round trip.
 */
export function createAdmit(dependencies: AdmitDependencies): Admit {
  const { hashIdentifier, revocations, limiters, log } = dependencies;
  let toldOfUnknown = false;

  /**
   * @param subject the session; undefined where no token is asked, and the address alone counts
   * @returns what each limit said
   * @throws {DaypassError} `token_revoked`, `rate_limited`, `store_unavailable`
   */
  return async (subject, address) => {
    const buckets = addressBuckets(address);
    if (buckets.address === unknownAddress && !toldOfUnknown) {
      toldOfUnknown = true;
      log('address_unknown', { effect: 'callers without an address share one limit' });
    }
    const [session, caller, network] = await Promise.all([
      subject === undefined ? undefined : hashIdentifier(subject),
      hashIdentifier(buckets.address),
      buckets.network === undefined ? undefined : hashIdentifier(buckets.network),
    ]);
    // A session over its limit is refused unasked, also when it was revoked meanwhile: its flood must not use up
    // the limit of its address, which a whole office may share.
    const known = session && limiters.session.recall(session);
    if (known) enforce([known]);
    // All in one tick from here: the client merges them into one request.
    const [revoked, ...answers] = await Promise.all([
      session !== undefined && revocations.isRevoked(session),
      session && limiters.session.check(session),
      limiters.address.check(caller),
      network && limiters.network.check(network),
    ]);
    const decisions = answers.filter((answer): answer is Decision => typeof answer === 'object');
    if (revoked) throw new DaypassError('token_revoked');
    enforce(decisions);
    return decisions;
  };
}
