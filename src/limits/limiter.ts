import { Ratelimit } from '@upstash/ratelimit';
import type { Redis } from '@upstash/redis/cloudflare';
import type { Limit } from '../policy/types.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { storeCall, unexpectedAnswer } from '../store/redis.ts';
import type { HashedBuckets } from './address.ts';
import { availableAt, type Decision, type Meter, metersOf, windowAt } from './meter.ts';

/** Refused identifiers that one instance remembers, so that a flood costs no Redis calls. */
const rememberedIdentifiers = 10_000;

/**
 * How long a refusal in a sliding window is believed, at most: calls that other instances give back may end it sooner. A
 * flood costs one Redis call per instance in this time.
 */
const slidingRefusalMilliseconds = 5000;

/** One window of a limit. */
export interface WindowLimiter {
  /**
   * Counts a call.
   * @param identifier hashed: it becomes part of a key
   * @throws {DaypassError} `store_unavailable`
   */
  consume(identifier: string): Promise<Decision>;
  /**
   * A refusal that this instance remembers, without asking Redis: in a window of the clock until it ends, in a sliding one
   * for 5 seconds at most.
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

/**
 * Receives what is under way to give back what a refused call took of other windows: a second round trip, for which the
 * refusal need not wait. It never rejects.
 */
export type OnRefund = (refund: Promise<void>) => void;

/** A limit of the policy: all of its windows. */
export interface Limiter {
  /**
   * Counts a call in each window, in one Redis round trip. If one refuses, the others get back what they counted.
   * @param identifier hashed
   * @param onRefund without it, the refund is awaited
   * @returns what each window said, the shortest first
   * @throws {DaypassError} `store_unavailable`
   */
  consume(identifier: string, onRefund?: OnRefund): Promise<readonly Decision[]>;
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
      async consume(identifier, onRefund) {
        const decisions = await Promise.all(windows.map((window) => window.consume(identifier)));
        const taken = windows.filter((_, index) => decisions[index]?.allowed);
        if (taken.length < windows.length) await deferOrAwait(refund(identifier, taken), onRefund);
        return decisions;
      },
      peek(identifier) {
        return longest(windows.map((window) => window.peek(identifier)));
      },
      refund: (identifier) => refund(identifier, windows),
    };
  };
}

async function deferOrAwait(refund: Promise<void>, onRefund: OnRefund | undefined): Promise<void> {
  if (!onRefund) return refund;
  onRefund(refund);
}

/** What an instance knows of an identifier that has used up its limit. Times are milliseconds since the epoch. */
interface UsedUp {
  /** Until when calls are refused without asking Redis; 0 if none was refused yet. */
  refusedUntil: number;
  /** When a call could pass. */
  availableAt: number;
}

/**
 * One window in Redis. Calls counted in one tick travel to Redis together.
 * @param now the present, milliseconds since the epoch; which window it is in, the library looks up for itself
 */
export function createStoredWindow(redis: Redis, meter: Meter, now: () => number): WindowLimiter {
  const { name, limit, windowSeconds, algorithm } = meter;
  const window = `${windowSeconds} s` as const;
  const prefix = `daypass:limit:${meter.key}:${windowSeconds}`;
  const slides = algorithm === 'sliding-window';
  const usedUp = new BoundedMap<string, UsedUp>(rememberedIdentifiers);
  const ratelimit = new Ratelimit({
    redis,
    prefix,
    limiter: slides ? Ratelimit.slidingWindow(limit, window) : Ratelimit.fixedWindow(limit, window),
    // The library lets a caller through when its own timeout passes; ours is the client's signal, which throws.
    timeout: 0,
    // The library would remember a refusal until the window ends, when a sliding one has had room for long.
    ephemeralCache: false,
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

  function peek(identifier: string): Decision | undefined {
    const known = usedUp.get(identifier);
    return known && known.refusedUntil > now() ? decide(false, 0, known.availableAt) : undefined;
  }

  /**
   * When the sliding window has room, from the library's two counts: its own `reset` is the end of the window.
   * @returns undefined if they could not be read
   */
  async function readAvailableAt(identifier: string, at: number): Promise<number | undefined> {
    const index = windowAt(meter, at);
    const keys = [index, index - 1].map((number) => `${prefix}:${identifier}:${number}`);
    const counts = await redis.mget<(string | null)[]>(...keys).catch(() => []);
    const [current = Number.NaN, previous = Number.NaN] = counts.map(Number);
    const known = availableAt(meter, { current, previous }, 1, at);
    return Number.isFinite(known) ? known : undefined;
  }

  return {
    async consume(identifier) {
      const refusal = peek(identifier);
      if (refusal) return refusal;
      const at = now();
      const [{ success, remaining, reset, reason }, known] = await storeCall(
        Promise.all([
          ratelimit.limit(identifier),
          // At the same time, where a refusal is to be expected: the call waits no longer.
          slides && usedUp.has(identifier) ? readAvailableAt(identifier, at) : undefined,
        ]),
      );
      // NaN: the server is not Redis.
      if (reason === 'timeout' || !Number.isFinite(remaining)) throw unexpectedAnswer();
      if (!success) {
        const believedUntil = slides ? at + slidingRefusalMilliseconds : reset;
        const readyAt = known ?? Math.min(reset, believedUntil);
        usedUp.set(identifier, { refusedUntil: Math.min(readyAt, believedUntil), availableAt: readyAt });
        return decide(false, remaining, readyAt);
      }
      // An earlier call's answer may come after a refusal.
      if (!peek(identifier)) {
        if (slides && remaining === 0) usedUp.set(identifier, { refusedUntil: 0, availableAt: 0 });
        else usedUp.delete(identifier);
      }
      return decide(true, remaining, reset);
    },
    peek,
    async refund(identifier) {
      // The library's way: a negative rate counts backwards, and is never refused.
      const { success } = await storeCall(ratelimit.limit(identifier, { rate: -1 }));
      // Otherwise more than the limit is counted still: a refused call counts too in a window of the clock.
      if (success) usedUp.delete(identifier);
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

/** A refusal that is known without asking Redis: of the address or of its network, whichever lasts longer. */
export function peekAddress(
  limiters: AddressLimiters,
  { address, network }: HashedBuckets,
): Decision | undefined {
  return longest([
    limiters.address.peek(address),
    network === undefined ? undefined : limiters.network.peek(network),
  ]);
}

function longest(refusals: readonly (Decision | undefined)[]): Decision | undefined {
  return refusals
    .flatMap((refusal) => refusal ?? [])
    .sort((one, other) => other.resetSeconds - one.resetSeconds)[0];
}

/**
 * Counts a call, in one Redis round trip. What its address or its network refuses takes nothing from the other: the flood of
 * one address must not use up the limit of its network.
 * @param onRefund without it, refunds are awaited
 * @returns what each window said; only a refusal that this instance remembers, if there is one
 * @throws {DaypassError} `store_unavailable`
 */
export async function consumeAddress(
  limiters: AddressLimiters,
  buckets: HashedBuckets,
  onRefund?: OnRefund,
): Promise<readonly Decision[]> {
  const known = peekAddress(limiters, buckets);
  if (known) return [known];
  const { address, network } = buckets;
  const checks = [
    { limiter: limiters.address, identifier: address },
    ...(network === undefined ? [] : [{ limiter: limiters.network, identifier: network }]),
  ];
  const answers = await Promise.all(
    checks.map(({ limiter, identifier }) => limiter.consume(identifier, onRefund)),
  );
  const taken = checks.filter((_, index) => answers[index]?.every(({ allowed }) => allowed));
  if (taken.length < checks.length) {
    const refunds = Promise.all(taken.map(({ limiter, identifier }) => limiter.refund(identifier)));
    await deferOrAwait(
      refunds.then(() => undefined),
      onRefund,
    );
  }
  return answers.flat();
}
