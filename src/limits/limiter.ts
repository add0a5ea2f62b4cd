import { Ratelimit } from '@upstash/ratelimit';
import type { Redis } from '@upstash/redis/cloudflare';
import type { Limit } from '../policy/types.ts';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { storeCall, unexpectedAnswer } from '../store/redis.ts';

/** Identifiers that one instance remembers as blocked, so that a flood costs no Redis call each. */
const rememberedIdentifiers = 10_000;

/** What a limit said of one call. */
export interface Decision {
  /** The limit's name in the policy. */
  name: string;
  allowed: boolean;
  limit: number;
  windowSeconds: number;
  /** Calls left in the window, never below 0. */
  remaining: number;
  /** Seconds until the window ends, at least 1. */
  resetSeconds: number;
}

export interface Limiter {
  /**
   * Counts a call.
   * @param identifier hashed: it becomes part of a key
   * @throws {DaypassError} `store_unavailable`
   */
  check(identifier: string): Promise<Decision>;
  /**
   * What `check` would say without asking Redis: a refusal that this instance remembers from the window at hand.
   * @param identifier hashed
   */
  recall(identifier: string): Decision | undefined;
  /**
   * Gives back a call that `check` allowed and that came to nothing.
   * @param identifier hashed
   * @throws {DaypassError} `store_unavailable`
   */
  refund(identifier: string): Promise<void>;
}

/**
 * One limit of the policy. Calls checked in one tick travel to Redis together.
 * @param now the present, milliseconds since the epoch; which window it is in, the library looks up for itself
 */
export function createLimiter(
  redis: Redis,
  name: string,
  limit: Required<Limit>,
  now = () => Date.now(),
): Limiter {
  const { windowSeconds, algorithm } = limit;
  const window = `${windowSeconds} s` as const;
  const prefix = `daypass:limit:${name}`;
  /** When the windows of refused identifiers end, in milliseconds since the epoch. The library keeps it. */
  const refused = new BoundedMap<string, number>(rememberedIdentifiers);
  const ratelimit = new Ratelimit({
    redis,
    prefix,
    limiter:
      algorithm === 'fixed-window'
        ? Ratelimit.fixedWindow(limit.limit, window)
        : Ratelimit.slidingWindow(limit.limit, window),
    // The library lets a caller through when its own timeout passes; ours is the client's signal, which throws.
    timeout: 0,
    ephemeralCache: refused,
    analytics: false,
    enableTelemetry: false,
  });
  const decide = (allowed: boolean, remaining: number, reset: number): Decision => ({
    name,
    allowed,
    limit: limit.limit,
    windowSeconds,
    remaining: Math.max(0, remaining),
    resetSeconds: Math.max(1, Math.ceil((reset - now()) / 1000)),
  });
  return {
    async check(identifier) {
      const { success, remaining, reset, reason } = await storeCall(ratelimit.limit(identifier));
      // NaN: the server is not Redis.
      if (reason === 'timeout' || !Number.isFinite(remaining)) throw unexpectedAnswer();
      return decide(success, remaining, reset);
    },
    recall(identifier) {
      const reset = refused.get(`${prefix}:${identifier}`);
      return reset === undefined || reset < now() ? undefined : decide(false, 0, reset);
    },
    async refund(identifier) {
      // The library's way: a negative rate counts backwards, and is never refused.
      await storeCall(ratelimit.limit(identifier, { rate: -1 }));
    },
  };
}
