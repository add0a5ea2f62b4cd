import { hashBuckets } from '../limits/address.ts';
import { enforce } from '../limits/decision.ts';
import { consumeAddress, peekAddress } from '../limits/limiter.ts';
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
  enforce(await consumeAddress(broker.addressLimiters[name], buckets));
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
    peekAddress(exchange, buckets) ??
    peekAddress(exchangeRefused, buckets) ??
    broker.limiters.site.peek(site);
  if (known) enforce([known]);
}

/**
 * Counts a session that is about to begin, by address, by network and for the whole site, in one Redis round trip. Only
 * who has reserved a throwaway user comes this far, so that neither nonsense nor the same token sent many times
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
  const decisions = await Promise.all(checks.map(({ limiter, identifier }) => limiter.consume(identifier)));
  const refund = async () => {
    // A limit that refuses has taken nothing.
    const taken = checks.filter((_, index) => decisions[index]?.every(({ allowed }) => allowed));
    await Promise.all(taken.map(({ limiter, identifier }) => limiter.refund(identifier)));
  };
  try {
    enforce(decisions.flat());
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

/** How long an address is known for the right secret that it sent. */
const provenSeconds = 600;

/**
 * Lets pass who sent the right secret. Wrong ones count by address, in a limit that right ones leave alone. Once it is
 * used up nothing from there is compared any more, or a guess would be worth its answer all the same; but for an address
 * that had it right a moment ago: backends share theirs with strangers where functions run.
 * @param name the limit of wrong secrets
 * @param expected the right secret
 * @param refusal what a wrong secret is refused with
 * @throws {DaypassError} the refusal; `rate_limited`
 */
export async function requireSecret(
  broker: BrokerDependencies,
  name: 'introspectionRefused' | 'maintenanceRefused',
  caller: Caller,
  { given, expected }: { given: string; expected: string },
  refusal: () => DaypassError,
): Promise<void> {
  const { hashIdentifier } = broker.privateKeys;
  const now = broker.now();
  const buckets = await hashBuckets(hashIdentifier, caller.address);
  const proof = `${name} ${buckets.address}`;
  const provenUntil = broker.provenCallers.get(proof) ?? 0;
  const known = peekAddress(broker.addressLimiters[name], buckets);
  if (known && provenUntil <= now) enforce([known]);
  // Comparing hashes: how long it takes says nothing of the secret.
  if ((await hashIdentifier(given)) === (await hashIdentifier(expected))) {
    broker.provenCallers.set(proof, now + provenSeconds);
    return;
  }
  await unlessStoreIsAway(limitAddress(broker, name, caller));
  throw refusal();
}

/**
 * Counts a call of the site's owner. It needs no Redis: a sweep does not either.
 * @throws {DaypassError} `rate_limited`
 */
export async function limitMaintenance(broker: BrokerDependencies): Promise<void> {
  await unlessStoreIsAway(broker.limiters.maintenance.consume(site).then(enforce));
}

/** What must be answered while Redis is away as well: it is not counted then. */
export async function unlessStoreIsAway(counting: Promise<void>): Promise<void> {
  await counting.catch((error) => {
    if (!(error instanceof DaypassError) || error.code !== 'store_unavailable') throw error;
  });
}

/**
 * Counts a renewal of a session, and looks whether the session was revoked: one Redis round trip. A refusal that this
 * instance knows already costs none.
 * @throws {DaypassError} `token_revoked`, `rate_limited`, `store_unavailable`
 */
export async function checkRenewal(broker: BrokerDependencies, subject: string): Promise<void> {
  const session = await broker.privateKeys.hashIdentifier(subject);
  if (broker.revocations.isKnown(session)) throw new DaypassError('token_revoked');
  const known = broker.limiters.renewal.peek(session);
  if (known) enforce([known]);
  const [revoked, decisions] = await Promise.all([
    broker.revocations.isRevoked(session),
    broker.limiters.renewal.consume(session),
  ]);
  if (revoked) throw new DaypassError('token_revoked');
  enforce(decisions);
}
