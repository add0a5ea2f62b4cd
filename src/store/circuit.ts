import { DaypassError } from '../protocol/error.ts';
import { createIdleTimer, type IdleTimer } from './idleTimer.ts';
import { defaultTimeoutMilliseconds } from './redis.ts';
import { describeRedisError } from './redisError.ts';

/** How long Redis is left alone before the next call tries it again. */
const retryAfterSeconds = 1;

/**
 * How long calls must fail, with none that succeeds between, until Redis is given up. Those that one lost connection
 * takes with it fail together, and so do those of a new instance whose TLS handshake is slow: they are no reason. Of a
 * dead Redis, the calls of the first 600 ms wait, no longer than the 300 ms that each may take; later ones do not.
 */
const failingMilliseconds = 300;

/** How long no call must be refused until Redis counts as willing again: one that is nearly full says both in turn. */
const willingMilliseconds = 1000;

/**
 * - `circuit_opened`: Redis was given up.
 * - `circuit_closed`: it is taken back.
 * - `store_refusing`: it answers, and refuses what it is told.
 * - `store_accepting`: it refuses no more.
 */
export type CircuitEvent = 'circuit_opened' | 'circuit_closed' | 'store_refusing' | 'store_accepting';

/** Stands between calls and Redis, so that nobody waits for one that is known to be away. */
export interface Circuit {
  /** Whether Redis is asked; false while it is given up, and while one call tries whether it is back. */
  readonly isClosed: boolean;
  /**
   * Asks Redis, unless it is given up. A second later one call tries it again, while the others are refused as before.
   * An error reply is an answer: whatever Redis refuses, it is asked.
   * @throws {DaypassError} `store_unavailable` at once, or when the call takes too long; else what the call throws
   */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/** By what a circuit measures time. */
export interface CircuitTime {
  /** Counts how long calls take, and for how long they fail: without the time in which this process was busy. */
  idleTimer?: IdleTimer;
  /** The present, in milliseconds since whenever; never set back. */
  now?: () => number;
}

export interface CircuitOptions extends CircuitTime {
  /** How long a call may take, whatever number of requests it makes. Default 300. */
  timeoutMilliseconds?: number | undefined;
  /** Told once of each change, with the failure that decided it. */
  onChange(event: CircuitEvent, cause?: unknown): void;
}

export function createCircuit(options: CircuitOptions): Circuit {
  const {
    timeoutMilliseconds = defaultTimeoutMilliseconds,
    idleTimer = createIdleTimer(),
    now = () => performance.now(),
    onChange,
  } = options;
  let state: 'closed' | 'open' | 'trying' = 'closed';
  let openedAt = 0;
  /** Undefined after a success. */
  let failing: { isLasting: boolean; stop(): void } | undefined;
  /** Undefined while Redis is willing. */
  let refusedAt: number | undefined;

  function open(): void {
    state = 'open';
    openedAt = now();
    failing?.stop();
    failing = undefined;
  }

  function succeed(isTrial: boolean): void {
    failing?.stop();
    failing = undefined;
    if (!isTrial) return;
    state = 'closed';
    onChange('circuit_closed');
  }

  function fail(isTrial: boolean, cause: unknown): void {
    if (isTrial) {
      open();
      return;
    }
    // Calls that began before Redis was given up say nothing new.
    if (state !== 'closed') return;
    if (!failing) {
      startFailing();
    } else if (failing.isLasting) {
      open();
      onChange('circuit_opened', cause);
    }
  }

  function startFailing(): void {
    const stop = idleTimer.after(failingMilliseconds, () => {
      begun.isLasting = true;
    });
    const begun = { isLasting: false, stop };
    failing = begun;
  }

  function noteRefusal(cause: unknown): void {
    if (refusedAt === undefined) onChange('store_refusing', cause);
    refusedAt = now();
  }

  function noteAnswer(): void {
    if (refusedAt === undefined || now() - refusedAt < willingMilliseconds) return;
    refusedAt = undefined;
    onChange('store_accepting');
  }

  return {
    get isClosed() {
      return state === 'closed';
    },
    async run(call) {
      if (state === 'trying') throw away();
      const isTrial = state === 'open';
      if (isTrial && now() - openedAt < retryAfterSeconds * 1000) throw away();
      if (isTrial) state = 'trying';
      try {
        const answer = await within(idleTimer, timeoutMilliseconds, call());
        succeed(isTrial);
        noteAnswer();
        return answer;
      } catch (error) {
        if (!isOfStore(error)) {
          // Our own mistake says nothing of Redis.
          if (isTrial) open();
        } else if (describeRedisError(error) === 'unreachable') {
          fail(isTrial, error);
        } else {
          succeed(isTrial);
          noteRefusal(error);
        }
        throw error;
      }
    },
  };
}

/** Whether it was thrown in place of Redis's answer, and not by a mistake of ours. */
function isOfStore(error: unknown): error is DaypassError {
  return error instanceof DaypassError && error.code === 'store_unavailable';
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
