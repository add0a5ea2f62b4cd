import { Ratelimit } from '@upstash/ratelimit';
import type { Redis } from '@upstash/redis/cloudflare';
import type { Limit } from '../policy/types.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { storeCall, unexpectedAnswer } from '../store/redis.ts';
import type { HashedBuckets } from './address.ts';
import type { Decision } from './decision.ts';
import { type Meter, metersOf } from './meter.ts';

/** Identifiers that one instance remembers as blocked, so that a flood costs no Redis call each. */
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
   * What `consume` would say without asking Redis: a refusal that this instance remembers from the window at hand.
   * @param identifier hashed
   */
  peek(identifier: string): Decision | undefined;
  /**
   * Gives back a call that `consume` allowed and that came to nothing.
   * @param identifier hashed
   * @throws {DaypassError} `store_unavailable`
   */
  refund(identifier: string): Promise<void>;
}

/** A limit of the policy: all of its windows. */
export interface Limiter {
  /**
   * Counts a call in each window, in one Redis round trip. A call that one of them refuses takes nothing of the others:
   * what it took meanwhile is given back.
   * @param identifier hashed
   * @returns what each window said, the shortest first
   * @throws {DaypassError} `store_unavailable`
   */
  consume(identifier: string): Promise<readonly Decision[]>;
  /** The refusal that lasts longest of those that this instance remembers. See `WindowLimiter`. */
  peek(identifier: string): Decision | undefined;
  /** Gives a call back to each window. Never throws: what Redis does not take back ends with its window. */
  refund(identifier: string): Promise<void>;
}

/** Makes a limit of the policy, in Redis or in memory. */
export type CreateLimiter = (name: string, windows: readonly Required<Limit>[]) => Limiter;

/** Makes limits out of whatever makes one window. */
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

/** Both limits of a name in the policy. */
export function createAddressLimiters(
  create: CreateLimiter,
  name: string,
  windows: readonly Required<Limit>[],
): AddressLimiters {
  const wider = windows.map((window) => ({ ...window, limit: window.limit * addressesPerNetwork }));
  return { address: create(name, windows), network: create(`${name}-network`, wider) };
}

/** A refusal that is known before anybody is asked: of the address, else of its network. */
export function peekAddress(
  limiters: AddressLimiters,
  { address, network }: HashedBuckets,
): Decision | undefined {
  return (
    limiters.address.peek(address) ?? (network === undefined ? undefined : limiters.network.peek(network))
  );
}

/**
 * Counts a call, in one Redis round trip. A refusal that is known already counts no more: the flood of one address must
 * not use up the limit of its network. Calls under way at once may still count, as none knows of the refusal of another.
 * @returns what each limit said
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
