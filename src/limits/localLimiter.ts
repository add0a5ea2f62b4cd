import type { Redis } from '@upstash/redis/cloudflare';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { isStoreUnavailable } from '../store/redis.ts';
import { type CreateLimiter, createStoredWindow, overWindows, type WindowLimiter } from './limiter.ts';
import type { Decision, Meter } from './meter.ts';

/** Identifiers counted in memory; the oldest are dropped, so that a crowd cannot fill it. */
const maxIdentifiers = 10_000;

/** What one instance knows of an identifier in a window of the clock. */
interface Use {
  /** Calls that Redis has answered, and calls under way to it. */
  requested: number;
  /** Of those, the calls that passed. */
  passedByStore: number;
  /** Calls that passed without Redis. */
  passedHere: number;
  /** The highest count that Redis reported, of all instances together. */
  reported: number;
}

/** A window of a limit that one instance keeps in its own memory. */
export interface LocalWindow extends WindowLimiter {
  /**
   * Wraps the same window in Redis, so that neither ignores what the other let pass: this one continues from the last count
   * of Redis, and what this one let pass counts once Redis is back. While Redis answers every call, its answer stands.
   */
  follow(stored: WindowLimiter): WindowLimiter;
}

/**
 * A window in memory, for when Redis is away or not worth asking. Each instance counts separately, so a caller that reaches
 * several gets the limit of each. Windows are fixed, whatever the policy's algorithm: never more than the limit in a
 * window of the clock.
 * @param now the present, milliseconds since the epoch
 */
export function createLocalWindow(meter: Meter, now: () => number): LocalWindow {
  const { name, limit, windowSeconds } = meter;
  const windowMilliseconds = windowSeconds * 1000;
  /** Of the current window; cleared when the next begins. */
  const uses = new BoundedMap<string, Use>(maxIdentifiers);
  let window = -1;

  function useOf(identifier: string): Use | undefined {
    const present = Math.floor(now() / windowMilliseconds);
    if (present !== window) uses.clear();
    window = present;
    return uses.get(identifier);
  }

  function beginUse(identifier: string): Use {
    const use = useOf(identifier) ?? { requested: 0, passedByStore: 0, passedHere: 0, reported: 0 };
    uses.set(identifier, use);
    return use;
  }

  function decide(allowed: boolean, remaining: number): Decision {
    const endsAt = (window + 1) * windowMilliseconds;
    const resetSeconds = Math.max(1, Math.ceil((endsAt - now()) / 1000));
    return { name, allowed, limit, windowSeconds, remaining, resetSeconds };
  }

  /** What is left without Redis. */
  function remainingOf(use: Use | undefined): number {
    return use ? Math.max(0, limit - use.reported - use.passedHere) : limit;
  }

  /** @param use of the window in which the call was made, which may have ended */
  function apply(use: Use, decision: Decision): Decision {
    // Redis refuses for the rest of the window.
    use.reported = decision.allowed ? Math.max(use.reported, limit - decision.remaining) : limit;
    if (!decision.allowed) return decision;
    // What other instances have certainly used: at most the calls of this instance are in Redis's count. An older, higher
    // count is ignored, since it must not refuse what Redis allows: in a sliding window the count shrinks.
    const others = Math.max(0, limit - decision.remaining - use.requested);
    if (others + use.passedByStore + use.passedHere >= limit) {
      return { ...decision, allowed: false, remaining: 0 };
    }
    use.passedByStore += 1;
    return decision;
  }

  return {
    async consume(identifier) {
      const use = beginUse(identifier);
      const remaining = remainingOf(use);
      if (remaining === 0) return decide(false, 0);
      use.passedHere += 1;
      return decide(true, remaining - 1);
    },
    peek(identifier) {
      return remainingOf(useOf(identifier)) === 0 ? decide(false, 0) : undefined;
    },
    async refund(identifier) {
      const use = useOf(identifier);
      if (use && use.passedHere > 0) use.passedHere -= 1;
    },
    follow: (stored) => ({
      async consume(identifier) {
        const use = beginUse(identifier);
        use.requested += 1;
        try {
          return apply(use, await stored.consume(identifier));
        } catch (error) {
          // Redis may have counted it: then it counts twice.
          use.requested -= 1;
          throw error;
        }
      },
      peek(identifier) {
        const known = stored.peek(identifier);
        const { passedByStore = 0, passedHere = 0 } = useOf(identifier) ?? {};
        // Redis may not know of what passed here.
        const isUsedUp = passedHere > 0 && passedByStore + passedHere >= limit;
        return known ?? (isUsedUp ? decide(false, 0) : undefined);
      },
      async refund(identifier) {
        await stored.refund(identifier);
        const use = useOf(identifier);
        if (!use || use.passedByStore === 0) return;
        use.requested -= 1;
        use.passedByStore -= 1;
        use.reported -= 1;
      },
    }),
  };
}

/** Makes limits in the memory of this instance. */
export function createLocalLimiters(now: () => number): CreateLimiter {
  return overWindows((meter) => createLocalWindow(meter, now));
}

/** Each limit twice: in Redis, and in memory for while Redis is away. */
export interface LimiterPairs {
  stored: CreateLimiter;
  local: CreateLimiter;
}

/** Makes limits in Redis and in memory; those of the same name follow each other. */
export function createLimiterPairs(redis: Redis, now: () => number): LimiterPairs {
  const locals = new Map<string, LocalWindow>();
  const local = (meter: Meter) => {
    const key = `${meter.key}:${meter.windowSeconds}`;
    const made = locals.get(key) ?? createLocalWindow(meter, now);
    locals.set(key, made);
    return made;
  };
  return {
    local: overWindows(local),
    stored: overWindows((meter) => local(meter).follow(createStoredWindow(redis, meter, now))),
  };
}

/** Makes limits that continue in memory while Redis is away, for what must be bounded even then. */
export function createFallbackLimiters(redis: Redis, now: () => number): CreateLimiter {
  const { stored, local } = createLimiterPairs(redis, now);
  return (name, windows) => {
    const [inRedis, here] = [stored(name, windows), local(name, windows)];
    return {
      ...inRedis,
      consume: (identifier, onRefund) =>
        inRedis.consume(identifier, onRefund).catch((error) => {
          if (!isStoreUnavailable(error)) throw error;
          return here.consume(identifier, onRefund);
        }),
    };
  };
}
