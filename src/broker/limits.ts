import { countAddress, hashBuckets, recallAddress } from '../limits/addressLimiters.ts';
import { enforce } from '../limits/enforce.ts';
import { DaypassError } from '../protocol/error.ts';
import type { AddressLimitName, BrokerDependencies, Caller } from './dependencies.ts';

/**
 * Counts a call by the caller's address and, wider, by its network, in one Redis round trip.
 * @throws {DaypassError} `rate_limited`, `store_unavailable`
 */
export async function limitAddress(
  broker: BrokerDependencies,
  name: AddressLimitName,
  caller: Caller,
): Promise<void> {
  const buckets = await hashBuckets(broker.privateKeys.hashIdentifier, caller.address);
  enforce(await countAddress(broker.addressLimiters[name], buckets));
}

/** The site is one caller to its own limit. */
const site = 'site';

/**
 * Refuses an exchange before Identity is asked, when this instance knows that a limit is used up. It asks no Redis: of
 * two callers behind one address it cannot be told yet which of them is honest, so nothing is counted either.
 * @throws {DaypassError} `rate_limited`
 */
export async function refuseKnown(broker: BrokerDependencies, caller: Caller): Promise<void> {
  const { exchange, exchangeRefused } = broker.addressLimiters;
  const buckets = await hashBuckets(broker.privateKeys.hashIdentifier, caller.address);
  const known =
    recallAddress(exchange, buckets) ??
    recallAddress(exchangeRefused, buckets) ??
    broker.limiters.site.recall(site);
  if (known) enforce([known]);
}

/**
 * Counts a session that is about to begin, by address, by network and for the whole site, in one Redis round trip. Only
 * who holds the claim of a throwaway user comes this far, so that neither nonsense nor the same token sent many times
 * uses up what others need.
 * @returns gives all of it back, for a session that did not begin after all
 * @throws {DaypassError} `rate_limited`, and nothing was counted; `store_unavailable`
 */
export async function countSession(broker: BrokerDependencies, caller: Caller): Promise<() => Promise<void>> {
  const { exchange } = broker.addressLimiters;
  const { address, network } = await hashBuckets(broker.privateKeys.hashIdentifier, caller.address);
  const checks = [
    { limiter: exchange.address, identifier: address },
    ...(network === undefined ? [] : [{ limiter: exchange.network, identifier: network }]),
    { limiter: broker.limiters.site, identifier: site },
  ];
  const decisions = await Promise.all(checks.map(({ limiter, identifier }) => limiter.check(identifier)));
  const refund = async () => {
    const allowed = checks.filter((_, index) => decisions[index]?.allowed);
    // What Redis does not take back ends with its window.
    await Promise.allSettled(allowed.map(({ limiter, identifier }) => limiter.refund(identifier)));
  };
  try {
    enforce(decisions);
  } catch (error) {
    await refund();
    throw error;
  }
  return refund;
}

/**
 * Counts an exchange that Identity was asked about and that made no session. The caller hears why it was refused
 * whatever this limit says: it holds from the next try on.
 */
export async function countRefusedExchange(broker: BrokerDependencies, caller: Caller): Promise<void> {
  await limitAddress(broker, 'exchangeRefused', caller).catch((error) => {
    if (!(error instanceof DaypassError)) throw error;
  });
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
