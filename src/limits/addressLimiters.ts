import type { Limit } from '../policy/types.ts';
import { addressBuckets } from './address.ts';
import type { Decision, Limiter } from './limiter.ts';

/**
 * How many of its addresses may use up their limit before a /48 has: as many as at the gate by default. A hoster hands
 * out a /48 to one customer, a mobile carrier has tens of thousands of subscribers in one, each with a /64.
 */
const addressesPerNetwork = 10;

/** One limit of the policy, counted by address and, wider, by network: a /48 holds 65 536 /64. */
export interface AddressLimiters {
  /** Counts an IPv4 address, or the /64 of an IPv6 address. */
  address: Limiter;
  /** Counts the /48 of an IPv6 address. */
  network: Limiter;
}

/** Makes one limit, in Redis or in memory. */
export type CreateLimiter = (name: string, limit: Required<Limit>) => Limiter;

/** Both limits of a name in the policy. */
export function createAddressLimiters(
  create: CreateLimiter,
  name: string,
  limit: Required<Limit>,
): AddressLimiters {
  const wider = { ...limit, limit: limit.limit * addressesPerNetwork };
  return { address: create(name, limit), network: create(`${name}-network`, wider) };
}

/** The buckets of a caller as they stand in keys. */
export interface HashedBuckets {
  address: string;
  network: string | undefined;
}

/** @param address as the platform says */
export async function hashBuckets(
  hashIdentifier: (identifier: string) => Promise<string>,
  address: string | undefined,
): Promise<HashedBuckets> {
  const buckets = addressBuckets(address);
  const [caller, network] = await Promise.all([
    hashIdentifier(buckets.address),
    buckets.network === undefined ? undefined : hashIdentifier(buckets.network),
  ]);
  return { address: caller, network };
}

/** A refusal that is known before anybody is asked: of the address, else of its network. */
export function recallAddress(
  limiters: AddressLimiters,
  { address, network }: HashedBuckets,
): Decision | undefined {
  return (
    limiters.address.recall(address) ?? (network === undefined ? undefined : limiters.network.recall(network))
  );
}

/**
 * Counts a call, in one Redis round trip. A refusal that is known already counts no more: the flood of one address must
 * not use up the limit of its network. Calls under way at once may still count, as none knows of the refusal of another.
 * @returns what each limit said
 * @throws {DaypassError} `store_unavailable`
 */
export async function countAddress(
  limiters: AddressLimiters,
  buckets: HashedBuckets,
): Promise<readonly Decision[]> {
  const known = recallAddress(limiters, buckets);
  if (known) return [known];
  const { address, network } = buckets;
  const answers = await Promise.all([
    limiters.address.check(address),
    network === undefined ? undefined : limiters.network.check(network),
  ]);
  return answers.filter((answer) => answer !== undefined);
}
