import { type CheckSession, createSessionCheck } from '../gate/checkSession.ts';
import { describeCause } from '../http/problem.ts';
import { createLeases, createMemoryLeases } from '../limits/leases.ts';
import type { CheckedCallLimits, Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { createCallCounts } from '../store/callCounts.ts';
import { type Circuit, type CircuitTime, createCircuit } from '../store/circuit.ts';
import { createIdleTimer, createSharedTurn, createStoreClock } from '../store/clocks.ts';
import { type Counters, createCounters } from '../store/counters.ts';
import { createRedis, type RedisOptions } from '../store/redis.ts';
import { createRevocations, type RevocationOptions } from '../store/revocations.ts';

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

/** Redis as the gate and the guard have it. */
export interface Store {
  redis: ReturnType<typeof createRedis>;
  circuit: Circuit;
  counters: Counters;
}

/**
 * Redis, the circuit in front of it and the counters behind it: each change of the circuit is counted, and one line of
 * the log. Counts travel in the request of a call that the circuit lets through, and wait while it is open.
 * @param fields extra fields for these log lines
 * @param time of the circuit
 */
export function connectStore(
  options: RedisOptions,
  fields: Readonly<Record<string, string>>,
  log: Log,
  time: Partial<CircuitTime> = {},
): Store {
  const { idleTimer = createIdleTimer(), now = () => performance.now() } = time;
  const redis = createRedis(options, idleTimer);
  const circuit: Circuit = createCircuit({
    timeoutMilliseconds: options.timeoutMilliseconds,
    idleTimer,
    now,
    onChange(event, cause) {
      counters.add(event);
      log(event, { ...fields, ...(cause !== undefined && { cause: describeCause(cause) }) });
    },
  });
  const counters = createCounters(
    redis,
    () => circuit.isClosed,
    () => Date.now(),
  );
  return {
    redis,
    circuit: {
      get isClosed() {
        return circuit.isClosed;
      },
      run: (call) =>
        circuit.run(() => {
          // In the tick of the call: the client merges both into one request.
          counters.sendAlong();
          return call();
        }),
    },
    counters,
  };
}
