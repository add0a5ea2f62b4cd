import { CircuitState, circuitBreaker, handleAll, type IBreaker, isBrokenCircuitError } from 'cockatiel';
import { DaypassError } from '../protocol/error.ts';
import { defaultTimeoutMilliseconds } from './redis.ts';

/** How long Redis is left alone before the next call tries it again. */
const retryAfterSeconds = 1;

/**
 * How long calls must fail, with none that succeeds between, until Redis is given up. Those that one lost connection
 * takes with it fail together, and so do those of a new instance whose TLS handshake is slow: they are no reason. Of a
 * dead Redis, the calls of the first 600 ms wait, no longer than the 300 ms that each may take; later ones do not.
 */
const failingMilliseconds = 300;

/** Stands between calls and Redis, so that nobody waits for one that is known to be away. */
export interface Circuit {
  /** Whether Redis is asked; false while it is given up, and while one call tries whether it is back. */
  readonly isClosed: boolean;
  /**
   * Asks Redis, unless it is given up. A second later one call tries it again, while the others are refused as before.
   * @throws {DaypassError} `store_unavailable` at once, or when the call takes too long; else what the call throws
   */
  run<T>(call: () => Promise<T>): Promise<T>;
}

export interface CircuitOptions {
  /** How long a call may take, whatever number of requests it makes. Default 300. */
  timeoutMilliseconds?: number | undefined;
  /** Told once of each change: Redis was given up, with the failure that decided it, or is taken back. */
  onChange(event: 'store_lost' | 'store_found', cause?: unknown): void;
}

export function createCircuit(options: CircuitOptions): Circuit {
  const { timeoutMilliseconds = defaultTimeoutMilliseconds, onChange } = options;
  let breaker = createBreaker();
  let isLost = false;
  /** Milliseconds since the epoch. */
  let openedAt = 0;

  function createBreaker(initialState?: object) {
    const created = circuitBreaker(handleAll, {
      halfOpenAfter: retryAfterSeconds * 1000,
      breaker: new FailingForSomeTime(),
      initialState,
    });
    created.onBreak((reason) => {
      openedAt = Date.now();
      // The circuit breaks again whenever a call has tried in vain.
      if (isLost) return;
      isLost = true;
      onChange('store_lost', 'error' in reason ? reason.error : undefined);
    });
    created.onReset(() => {
      isLost = false;
      onChange('store_found');
    });
    return created;
  }

  /** The library goes by the clock: one that was set back by an hour would keep the circuit open for that hour. */
  function heedClock(): void {
    if (breaker.state !== CircuitState.Open || Date.now() >= openedAt) return;
    openedAt = Date.now();
    breaker = createBreaker({ ownState: { value: CircuitState.Open, openedAt, attemptNo: 1 } });
  }

  return {
    get isClosed() {
      return breaker.state === CircuitState.Closed;
    },
    async run(call) {
      heedClock();
      // The library lets all others wait for the call that tries.
      if (breaker.state === CircuitState.HalfOpen) throw away();
      try {
        return await breaker.execute(() => within(timeoutMilliseconds, call()));
      } catch (error) {
        throw isBrokenCircuitError(error) ? away() : error;
      }
    },
  };
}

class FailingForSomeTime implements IBreaker {
  /** Milliseconds since the epoch; undefined after a success. */
  state: number | undefined;

  success(): void {
    this.state = undefined;
  }

  failure(): boolean {
    const now = Date.now();
    // A clock that was set back begins anew.
    if (this.state === undefined || now < this.state) this.state = now;
    return now - this.state >= failingMilliseconds;
  }
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(away()), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function away(): DaypassError {
  return new DaypassError('store_unavailable', { retryAfterSeconds });
}
