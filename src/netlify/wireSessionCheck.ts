import { type CheckSession, createSessionCheck } from '../gate/checkSession.ts';
import { createLeases, createMemoryLeases } from '../limits/leases.ts';
import type { CheckedCallLimits, Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { createCallCounts } from '../store/callCounts.ts';
import type { CircuitTime } from '../store/circuit.ts';
import type { Counters } from '../store/counters.ts';
import { createSharedTurn } from '../store/idleTimer.ts';
import type { RedisOptions } from '../store/redis.ts';
import { createRevocations, type RevocationOptions } from '../store/revocations.ts';
import { createStoreClock } from '../store/storeClock.ts';
import { connectStore } from './connectStore.ts';

export interface SessionCheckOptions {
  /** Those of the site; `noCallLimits` where each call names its own. */
  limits: CheckedCallLimits;
  leaseSeconds: number;
  storeFailure: Policy['storeFailure'];
  /** Undefined where each process counts in its own memory. */
  redis: RedisOptions | undefined;
  hashIdentifier(identifier: string): Promise<string>;
  /** Undefined for a backend, which cannot look up the site's revocations. */
  revocations?: RevocationOptions;
}

export interface WiredSessionCheck {
  checkSession: CheckSession;
  counters: Counters;
  /** Flushes pending counts to Redis. Never throws. */
  flush(): Promise<void>;
}

/** Puts the check of revocation and limits together, for gate, functions and backends alike. */
export function wireSessionCheck(
  options: SessionCheckOptions,
  log: Log,
  time: Partial<CircuitTime> = {},
): WiredSessionCheck {
  const { limits, leaseSeconds, storeFailure, hashIdentifier } = options;
  const policy = { limits, storeFailure };
  const clock = createStoreClock();
  if (!options.redis) {
    const leases = createMemoryLeases(clock);
    const circuit = { run: <T>(call: () => Promise<T>) => call() };
    const parts = { policy, hashIdentifier, revocations: undefined, leases, circuit, log };
    return {
      checkSession: createSessionCheck({ ...parts, counters: uncounted }),
      counters: uncounted,
      flush: leases.flush,
    };
  }
  const { redis, circuit, counters } = connectStore(options.redis, { storeFailure }, log, time);
  const callCounts = createCallCounts(redis);
  const nextTurn = createSharedTurn();
  const leases = createLeases({
    counts: {
      async take(...question) {
        await nextTurn();
        return circuit.run(() => callCounts.take(...question));
      },
    },
    clock,
    leaseSeconds,
  });
  const revocations = options.revocations && createRevocations(redis, options.revocations);
  return {
    checkSession: createSessionCheck({ policy, hashIdentifier, revocations, leases, circuit, counters, log }),
    counters,
    flush: async () => void (await Promise.all([counters.flush(), leases.flush()])),
  };
}

/** Where there is no Redis to add them up in. */
const uncounted: Counters = {
  add: () => undefined,
  sendAlong: () => undefined,
  flush: () => Promise.resolve(),
};
