import { createIdleTimer, type IdleTimer } from '../../src/store/clocks.ts';

/** Time that passes when a test says so, for what takes a clock and an idle timer. */
export interface ManualTime {
  now(): number;
  idleTimer: IdleTimer;
  /** Lets so much time pass for a process that has nothing else to do. */
  pass(milliseconds: number): void;
  /** Lets so much time pass in which the event loop does not turn. */
  block(milliseconds: number): void;
}

export function createManualTime(): ManualTime {
  let present = 0;
  let waiting: { at: number; callback(): void }[] = [];
  const idleTimer = createIdleTimer({
    now: () => present,
    wait: (milliseconds, callback) => void waiting.push({ at: present + milliseconds, callback }),
    turn: (callback) => void waiting.push({ at: present, callback }),
  });
  /** One turn of the event loop: every timer that is due, and none that is set meanwhile. */
  function turn(): void {
    const due = waiting.filter(({ at }) => at <= present);
    waiting = waiting.filter(({ at }) => at > present);
    for (const { callback } of due) callback();
  }
  return {
    now: () => present,
    idleTimer,
    pass(milliseconds) {
      const end = present + milliseconds;
      for (;;) {
        turn();
        const next = Math.min(...waiting.map(({ at }) => at));
        if (next > end) break;
        present = Math.max(present, next);
      }
      present = end;
    },
    block(milliseconds) {
      present += milliseconds;
      turn();
    },
  };
}

/**
 * For what waits for a real Redis as well: a clock that goes on when a test says so, and an idle timer of real time, of
 * which a test can skip some.
 */
export interface SkippableTime {
  now(): number;
  idleTimer: IdleTimer;
  skip(milliseconds: number): void;
}

export function createSkippableTime(): SkippableTime {
  const real = createIdleTimer();
  let skipped = 0;
  const waiting = new Set<{ at: number; end(): void }>();
  return {
    now: () => skipped,
    idleTimer: {
      after(milliseconds, callback) {
        const stop = () => {
          stopReal();
          waiting.delete(entry);
        };
        const end = () => {
          stop();
          callback();
        };
        const entry = { at: skipped + milliseconds, end };
        const stopReal = real.after(milliseconds, end);
        waiting.add(entry);
        return stop;
      },
    },
    skip(milliseconds) {
      skipped += milliseconds;
      for (const { at, end } of [...waiting]) if (at <= skipped) end();
    },
  };
}
