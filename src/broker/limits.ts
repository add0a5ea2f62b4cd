import type { HashedBuckets } from '../limits/address.ts';
import { consumeAddress, peekAddress } from '../limits/limiter.ts';
import { enforce } from '../limits/meter.ts';
import { DaypassError } from '../protocol/error.ts';
import { isStoreUnavailable } from '../store/redis.ts';
import type { AddressLimitName, LimitDependencies } from './dependencies.ts';

/** What limits of the whole site count: there is one of it. */
export const siteIdentifier = 'site';

/**
 * Counts a call by the caller's IP address and, wider, by its network, in one Redis round trip.
 * @throws {DaypassError} `rate_limited`, `store_unavailable`
 */
export async function limitAddress<Name extends AddressLimitName>(
  broker: Omit<LimitDependencies<Name>, 'limiters'>,
  name: Name,
  caller: HashedBuckets,
): Promise<void> {
  enforce(await consumeAddress(broker.addressLimiters[name], caller));
}

/** For what must be answered while Redis is away, too: it is not counted then. */
export async function unlessStoreIsAway(counting: Promise<void>): Promise<void> {
  await counting.catch((error) => {
    if (!isStoreUnavailable(error)) throw error;
  });
}

export type ExchangeLimitDependencies = LimitDependencies<'exchange' | 'exchangeRefused', 'site'>;

/**
 * Refuses an exchange before Identity is called, if this instance knows that a limit is used up. Redis is not called and
 * nothing is counted: of two callers behind one IP address, it is not known yet which one is honest.
 * @throws {DaypassError} `rate_limited`
 */
export function refuseKnown(broker: ExchangeLimitDependencies, caller: HashedBuckets): void {
  const { exchange, exchangeRefused } = broker.addressLimiters;
  enforce(
    [
      peekAddress(exchange, caller),
      peekAddress(exchangeRefused, caller),
      broker.limiters.site.peek(siteIdentifier),
    ].flatMap((refusal) => refusal ?? []),
  );
}

/**
 * Counts a session that is about to begin, by address, by network and for the whole site, in one Redis round trip. Only
 * callers who have reserved a throwaway user come this far, so neither nonsense nor one token sent many times uses up
 * what others need.
 * @returns gives all of it back, for a session that did not begin after all
 * @throws {DaypassError} `rate_limited`, and nothing was counted; `store_unavailable`
 */
export async function countSession(
  broker: ExchangeLimitDependencies,
  { address, network }: HashedBuckets,
): Promise<() => Promise<void>> {
  const { exchange } = broker.addressLimiters;
  const checks = [
    { limiter: exchange.address, identifier: address },
    ...(network === undefined ? [] : [{ limiter: exchange.network, identifier: network }]),
    { limiter: broker.limiters.site, identifier: siteIdentifier },
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
 * Counts an exchange that cost a call to Identity and began no session. It does not change the answer: the limit holds
 * from the next try on.
 */
export async function countRefusedExchange(
  broker: ExchangeLimitDependencies,
  caller: HashedBuckets,
): Promise<void> {
  await limitAddress(broker, 'exchangeRefused', caller).catch((error) => {
    if (!(error instanceof DaypassError)) throw error;
  });
}
