import { describeCause } from '../http/problem.ts';
import type { Log } from '../protocol/log.ts';
import { type Circuit, createCircuit } from '../store/circuit.ts';
import { type Counters, createCounters } from '../store/counters.ts';
import { createRedis, type RedisOptions } from '../store/redis.ts';

/** Redis as the gate and the guard have it. */
export interface Store {
  redis: ReturnType<typeof createRedis>;
  circuit: Circuit;
  counters: Counters;
}

/**
 * Redis, the circuit in front of it and the counters behind it: each change of the circuit is counted, and one line of
 * the log. Counts travel in the request of a call that the circuit lets through, and wait while it is open.
 * @param fields what each of these lines says beside
 */
export function connectStore(
  options: RedisOptions,
  fields: Readonly<Record<string, string>>,
  log: Log,
): Store {
  const redis = createRedis(options);
  const circuit: Circuit = createCircuit({
    timeoutMilliseconds: options.timeoutMilliseconds,
    onChange(event, cause) {
      counters.add(event);
      log(event, { ...fields, ...(event === 'store_lost' && { cause: describeCause(cause) }) });
    },
  });
  const counters = createCounters(redis, () => circuit.isClosed);
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
