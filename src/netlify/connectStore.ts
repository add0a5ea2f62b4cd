import { describeCause } from '../http/problem.ts';
import type { Log } from '../protocol/log.ts';
import { type Circuit, type CircuitTime, createCircuit } from '../store/circuit.ts';
import { type Counters, createCounters } from '../store/counters.ts';
import { createIdleTimer } from '../store/idleTimer.ts';
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
