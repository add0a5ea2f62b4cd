import { describeCause } from '../http/problem.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { type Circuit, createCircuit } from '../store/circuit.ts';
import { type Counters, createCounters } from '../store/counters.ts';
import { createRedis, type RedisOptions } from '../store/redis.ts';

/** Redis as the gate has it. */
export interface Store {
  redis: ReturnType<typeof createRedis>;
  circuit: Circuit;
  counters: Counters;
}

/**
 * Redis, the circuit in front of it and the counters behind it: each change of the circuit is counted, and one line of
 * the log; counts wait while the circuit is open.
 */
export function connectStore(options: RedisOptions, { storeFailure }: Policy, log: Log): Store {
  const redis = createRedis(options);
  const circuit: Circuit = createCircuit({
    timeoutMilliseconds: options.timeoutMilliseconds,
    onChange(event, cause) {
      counters.add(event);
      log(event, event === 'store_lost' ? { storeFailure, cause: describeCause(cause) } : {});
    },
  });
  const counters = createCounters(redis, () => circuit.isClosed);
  return { redis, circuit, counters };
}
