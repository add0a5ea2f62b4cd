import { countAddress, hashBuckets } from '../limits/addressLimiters.ts';
import { enforce } from '../limits/enforce.ts';
import { DaypassError } from '../protocol/error.ts';
import type { BrokerDependencies, Caller } from './dependencies.ts';

/**
 * Counts a call by the caller's address and, wider, by its network, in one Redis round trip.
 * @throws {DaypassError} `rate_limited`, `store_unavailable`
 */
export async function limitAddress(
  broker: BrokerDependencies,
  name: keyof BrokerDependencies['addressLimiters'],
  caller: Caller,
): Promise<void> {
  const buckets = await hashBuckets(broker.privateKeys.hashIdentifier, caller.address);
  enforce(await countAddress(broker.addressLimiters[name], buckets));
}

/**
 * Counts an exchange of the whole site. Only callers whom Identity has authenticated come this far, so that nobody
 * can use up the site's limit with nonsense.
 * @throws {DaypassError} `rate_limited`, `store_unavailable`
 */
export async function limitSite(broker: BrokerDependencies): Promise<void> {
  enforce([await broker.limiters.site.check('site')]);
}

/**
 * Counts a renewal of a session, and looks whether the session was revoked: one Redis round trip.
 * @throws {DaypassError} `token_revoked`, `rate_limited`, `store_unavailable`
 */
export async function checkRenewal(broker: BrokerDependencies, subject: string): Promise<void> {
  const session = await broker.privateKeys.hashIdentifier(subject);
  const [revoked, decision] = await Promise.all([
    broker.revocations.isRevoked(session),
    broker.limiters.renewal.check(session),
  ]);
  if (revoked) throw new DaypassError('token_revoked');
  enforce([decision]);
}
