import { Ratelimit } from '@upstash/ratelimit';
import type { Redis } from '@upstash/redis/cloudflare';
import type { Limit } from '../policy/types.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { storeCall, unexpectedAnswer } from '../store/redis.ts';
import type { HashedBuckets } from './address.ts';
import type { Decision } from './decision.ts';
import { type Meter, metersOf } from './meter.ts';

/** Refused identifiers that one instance remembers, so that a flood costs no Redis calls. */
const rememberedIdentifiers = 10_000;

/** One window of a limit. */
export interface WindowLimiter {
  /**
   * Counts a call.
   * @param identifier hashed: it becomes part of a key
   * @throws {DaypassError} `store_unavailable`
   */
  consume(identifier: string): Promise<Decision>;
  /**
   * A refusal that this instance remembers from the current window, without asking Redis.
   * @param identifier hashed
   */
  peek(identifier: string): Decision | undefined;
  /**
   * Gives back a call that `consume` allowed and that failed afterwards.
   * @param identifier hashed
   * @throws {DaypassError} `store_unavailable`
   */
  refund(identifier: string): Promise<void>;
}

/** A limit of the policy: all of its windows. */
export interface Limiter {
  /**
   * Counts a call in each window, in one Redis round trip. If one refuses, the others get back what they counted.
   * @param identifier hashed
   * @returns what each window said, the shortest first
   * @throws {DaypassError} `store_unavailable`
   */
  consume(identifier: string): Promise<readonly Decision[]>;
  /** Of the refusals that this instance remembers, the one that lasts longest. See `WindowLimiter`. */
  peek(identifier: string): Decision | undefined;
  /** Gives a call back to each window. Never throws: what Redis does not take back ends with its window. */
  refund(identifier: string): Promise<void>;
}

/** Makes a limit of the policy, in Redis or in memory. */
export type CreateLimiter = (name: string, windows: readonly Required<Limit>[]) => Limiter;

/** Makes limits out of a function that makes one window. */
export function overWindows(create: (meter: Meter) => WindowLimiter): CreateLimiter {
  return (name, limits) => {
    const windows = metersOf(name, limits).map(create);
    const refund = async (identifier: string, taken: readonly WindowLimiter[]) => {
      await Promise.allSettled(taken.map((window) => window.refund(identifier)));
    };
    return {
      async consume(identifier) {
        const decisions = await Promise.all(windows.map((window) => window.consume(identifier)));
        const taken = windows.filter((_, index) => decisions[index]?.allowed);
        if (taken.length < windows.length) await refund(identifier, taken);
        return decisions;
      },
      peek(identifier) {
        const refusals = windows.flatMap((window) => window.peek(identifier) ?? []);
        return refusals.sort((one, other) => other.resetSeconds - one.resetSeconds)[0];
      },
      refund: (identifier) => refund(identifier, windows),
    };
  };
}

/**
 * One window in Redis. Calls counted in one tick travel to Redis together.
 * @param now the present, milliseconds since the epoch; which window it is in, the library looks up for itself
 */
export function createStoredWindow(redis: Redis, meter: Meter, now: () => number): WindowLimiter {
  const { name, limit, windowSeconds, algorithm } = meter;
  const window = `${windowSeconds} s` as const;
  const prefix = `daypass:limit:${meter.key}:${windowSeconds}`;
  /** When the windows of refused identifiers end, in milliseconds since the epoch. The library keeps it. */
  const refused = new BoundedMap<string, number>(rememberedIdentifiers);
  const ratelimit = new Ratelimit({
    redis,
    prefix,
    limiter:
      algorithm === 'fixed-window'
        ? Ratelimit.fixedWindow(limit, window)
        : Ratelimit.slidingWindow(limit, window),
    // The library lets a caller through when its own timeout passes; ours is the client's signal, which throws.
    timeout: 0,
    ephemeralCache: refused,
    analytics: false,
    enableTelemetry: false,
  });
  const decide = (allowed: boolean, remaining: number, reset: number): Decision => ({
    name,
    allowed,
    limit,
    windowSeconds,
    remaining: Math.max(0, remaining),
    resetSeconds: Math.max(1, Math.ceil((reset - now()) / 1000)),
  });
  return {
    async consume(identifier) {
      const { success, remaining, reset, reason } = await storeCall(ratelimit.limit(identifier));
      // NaN: the server is not Redis.
      if (reason === 'timeout' || !Number.isFinite(remaining)) throw unexpectedAnswer();
      return decide(success, remaining, reset);
    },
    peek(identifier) {
      const reset = refused.get(`${prefix}:${identifier}`);
      return reset === undefined || reset < now() ? undefined : decide(false, 0, reset);
    },
    async refund(identifier) {
      // The library's way: a negative rate counts backwards, and is never refused.
      await storeCall(ratelimit.limit(identifier, { rate: -1 }));
    },
  };
}

/**
 * How many times an address's limit a /48 gets, as at the gate by default. A hoster gives a /48 to one customer; a mobile
 * carrier has tens of thousands of subscribers in one, each with a /64.
 */
const addressesPerNetwork = 10;

/** One limit of the policy, counted by address and, wider, by network: a /48 holds 65 536 /64. */
export interface AddressLimiters {
  /** Counts an IPv4 address, or the /64 of an IPv6 address. */
  address: Limiter;
  /** Counts the /48 of an IPv6 address. */
  network: Limiter;
}

/** Both limits of a name in the policy. */
export function createAddressLimiters(
  create: CreateLimiter,
  name: string,
  windows: readonly Required<Limit>[],
): AddressLimiters {
  const wider = windows.map((window) => ({ ...window, limit: window.limit * addressesPerNetwork }));
  return { address: create(name, windows), network: create(`${name}-network`, wider) };
}

/** A refusal that is known without asking Redis: of the address, else of its network. */
export function peekAddress(
  limiters: AddressLimiters,
  { address, network }: HashedBuckets,
): Decision | undefined {
  return (
    limiters.address.peek(address) ?? (network === undefined ? undefined : limiters.network.peek(network))
  );
}

/**
 * Counts a call, in one Redis round trip. A call whose refusal is already known does not count: the flood of one address
 * must not use up the limit of its network. Calls at the same moment may still count, as they do not know of each other's
 * refusal.
 * @returns what each window said
 * @throws {DaypassError} `store_unavailable`
 */
export async function consumeAddress(
  limiters: AddressLimiters,
  buckets: HashedBuckets,
): Promise<readonly Decision[]> {
  const known = peekAddress(limiters, buckets);
  if (known) return [known];
  const { address, network } = buckets;
  const answers = await Promise.all([
    limiters.address.consume(address),
    network === undefined ? undefined : limiters.network.consume(network),
  ]);
  return answers.flatMap((answer) => answer ?? []);
}
