import { DaypassError } from '../protocol/error.ts';
import type { IdleTimer } from './clocks.ts';
import { defaultTimeoutMilliseconds, describeRedisError, isStoreUnavailable } from './redis.ts';

/** How long an open circuit refuses calls before it lets one try Redis. */
const retryAfterSeconds = 1;

/**
 * How long calls must fail, with no answer in between, before the circuit opens. Calls that fail together, of one lost
 * connection or of one slow TLS handshake, are no reason to open it. While a dead Redis is found out, calls of the first
 * 600 ms wait up to 300 ms each; later ones do not wait.
 */
const failingMilliseconds = 300;

/** How long Redis must refuse nothing until it counts as accepting again: a Redis that is nearly full alternates. */
const acceptingMilliseconds = 1000;

/**
 * - `circuit_opened`: calls no longer reach Redis.
 * - `circuit_closed`: they do again.
 * - `store_refusing`: Redis answers, but refuses commands.
 * - `store_accepting`: it no longer refuses any.
 */
export type CircuitEvent = 'circuit_opened' | 'circuit_closed' | 'store_refusing' | 'store_accepting';

/** A circuit breaker in front of Redis: while Redis is known to be away, calls fail at once instead of waiting. */
export interface Circuit {
  /** Whether calls reach Redis. */
  readonly isClosed: boolean;
  /**
   * Calls Redis, unless the circuit is open. A second after it opened, one call tries Redis, while the others still fail at
   * once. An error reply is an answer, and closes the circuit.
   * @throws {DaypassError} `store_unavailable` at once, or when the call takes too long; otherwise what the call throws
   */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/** How a circuit measures time. */
export interface CircuitTime {
  /** Measures how long calls take, and for how long they fail, leaving out the time in which this process was busy. */
  idleTimer: IdleTimer;
  /** The present, milliseconds since any moment; never set back. */
  now(): number;
}

export interface CircuitOptions extends CircuitTime {
  /** How long a call may take, in however many requests. Default 300. */
  timeoutMilliseconds?: number | undefined;
  /** Called once for each change, with the failure that caused it. */
  onChange(event: CircuitEvent, cause?: unknown): void;
}

export function createCircuit(options: CircuitOptions): Circuit {
  const { timeoutMilliseconds = defaultTimeoutMilliseconds, idleTimer, now, onChange } = options;
  /** When the circuit opened, or last tried in vain; undefined while it is closed. */
  let openedAt: number | undefined;
  let isTrying = false;
  /** The failures since the last answer: whether they have lasted long enough to open the circuit. */
  let failing: { isLasting: boolean; stop(): void } | undefined;
  /** When Redis last refused a command; undefined once it accepts. */
  let refusedAt: number | undefined;

  function noteAnswer(isTrial: boolean, refusal?: unknown): void {
    failing?.stop();
    failing = undefined;
    if (isTrial) {
      openedAt = undefined;
      onChange('circuit_closed');
    }
    if (refusal) {
      if (refusedAt === undefined) onChange('store_refusing', refusal);
      refusedAt = now();
    } else if (refusedAt !== undefined && now() - refusedAt >= acceptingMilliseconds) {
      refusedAt = undefined;
      onChange('store_accepting');
    }
  }

  function noteFailure(cause: unknown): void {
    // A call that began before the circuit opened says nothing new.
    if (openedAt !== undefined) return;
    if (!failing) {
      const stop = idleTimer.after(failingMilliseconds, () => {
        first.isLasting = true;
      });
      const first = { isLasting: false, stop };
      failing = first;
    } else if (failing.isLasting) {
      failing = undefined;
      openedAt = now();
      onChange('circuit_opened', cause);
    }
  }

  return {
    get isClosed() {
      return openedAt === undefined;
    },
    async run(call) {
      const isTrial = openedAt !== undefined;
      if (openedAt !== undefined && (isTrying || now() - openedAt < retryAfterSeconds * 1000)) throw away();
      isTrying = isTrial;
      try {
        const answer = await within(idleTimer, timeoutMilliseconds, call());
        noteAnswer(isTrial);
        return answer;
      } catch (error) {
        // Any other error is our own mistake, and says nothing about Redis.
        if (isStoreUnavailable(error)) {
          if (describeRedisError(error) === 'unreachable') noteFailure(error);
          else noteAnswer(isTrial, error);
        }
        throw error;
      } finally {
        if (isTrial) isTrying = false;
        if (isTrial && openedAt !== undefined) openedAt = now();
      }
    },
  };
}

async function within<T>(idleTimer: IdleTimer, milliseconds: number, work: Promise<T>): Promise<T> {
  let stop: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    stop = idleTimer.after(milliseconds, () => reject(away()));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    stop?.();
  }
}

function away(): DaypassError {
  return new DaypassError('store_unavailable', { retryAfterSeconds });
}
