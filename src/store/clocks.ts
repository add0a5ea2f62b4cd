/** How finely idle time is distinguished from busy time. */
const sliceMilliseconds = 20;

/** How long the event loop of a process that has nothing else to do turns at most. */
const idleTurnMilliseconds = 3;

/** How much of a busy slice counts: little, but a process that is always busy must not wait for ever. */
const busyMilliseconds = 2;

/** The clock and the event loop of the runtime; tests hand in others. */
export interface EventLoop {
  /** Milliseconds since whenever; never set back. */
  now(): number;
  /** Calls back in so many milliseconds, or later. */
  wait(milliseconds: number, callback: () => void): void;
  /** Calls back when the loop has turned: what has arrived until now is being read. */
  turn(callback: () => void): void;
}

/**
 * Time that this process had for others. A deadline that comes while we are busy says nothing of Redis: its answer may have
 * arrived long ago and wait to be read. So time is counted in slices, and a slice counts its own length at most, however
 * late it ends, and a tenth of it when the event loop, turning behind it, turns out to be busy.
 */
export interface IdleTimer {
  /**
   * Calls back once so much time has passed, and the event loop has turned once more.
   * @returns stops it
   */
  after(milliseconds: number, callback: () => void): () => void;
}

interface Deadline {
  /** On the timer's own clock. */
  at: number;
  callback(): void;
}

/** One ticker serves all deadlines; without any it stands still. */
export function createIdleTimer(loop: EventLoop = eventLoop): IdleTimer {
  const deadlines = new Set<Deadline>();
  /** Milliseconds counted until the slice at hand began. */
  let counted = 0;
  let sliceBegan = 0;
  let isTicking = false;

  function beginSlice(milliseconds: number): void {
    sliceBegan = loop.now();
    const length = Math.min(sliceMilliseconds, Math.ceil(milliseconds));
    loop.wait(length, () => {
      const ended = loop.now();
      loop.turn(() => {
        const wasBusy = loop.now() - ended > idleTurnMilliseconds;
        endSlice(wasBusy ? Math.min(length, busyMilliseconds) : length);
      });
    });
  }

  function endSlice(milliseconds: number): void {
    counted += milliseconds;
    let next = Number.POSITIVE_INFINITY;
    const due: Deadline[] = [];
    for (const deadline of deadlines) {
      if (deadline.at <= counted) due.push(deadline);
      else next = Math.min(next, deadline.at - counted);
    }
    if (due.length > 0) loop.turn(() => due.forEach(end));
    isTicking = next !== Number.POSITIVE_INFINITY;
    if (isTicking) beginSlice(next);
  }

  function end(deadline: Deadline): void {
    // It may have been stopped in the last turn.
    if (deadlines.delete(deadline)) deadline.callback();
  }

  return {
    after(milliseconds, callback) {
      if (!isTicking) {
        isTicking = true;
        beginSlice(milliseconds);
      }
      const ofSlice = Math.min(sliceMilliseconds, loop.now() - sliceBegan);
      const deadline = { at: counted + ofSlice + milliseconds, callback };
      deadlines.add(deadline);
      return () => void deadlines.delete(deadline);
    },
  };
}

/** A signal that aborts as `AbortSignal.timeout` does, but counts only the time that this process had for others. */
export function idleSignal(milliseconds: number, timer: IdleTimer): AbortSignal {
  const controller = new AbortController();
  timer.after(milliseconds, () =>
    controller.abort(new DOMException('Nothing came in time.', 'TimeoutError')),
  );
  return controller.signal;
}

/**
 * Lets calls wait until the event loop has turned once. All that came meanwhile go on in one tick, and what they ask of
 * Redis travels in one request: the busier a process is, the more of them share it.
 */
export function createSharedTurn(loop: Pick<EventLoop, 'turn'> = eventLoop): () => Promise<void> {
  let turned: Promise<void> | undefined;
  return () => {
    turned ??= new Promise((resolve) => {
      loop.turn(() => {
        turned = undefined;
        resolve();
      });
    });
    return turned;
  };
}

/** Looked up at each call, so that tests can put others in their place. */
const eventLoop: EventLoop = {
  now: () => performance.now(),
  wait: (milliseconds, callback) => void setTimeout(callback, milliseconds),
  turn(callback) {
    // A timer of 0 ms would measure how coarse the system's timers are.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      // Deno keeps ports that are not closed for ever.
      port2.close();
      callback();
    };
    port2.postMessage(undefined);
  },
};

/** How long a reading of Redis's clock is relied on. */
const trustMilliseconds = 30_000;

/** How far two clocks drift apart at most in that time: a thousandth. */
const drift = 0.001;

/** A moment by both clocks of this machine, in milliseconds. */
export interface Instant {
  /** Since the epoch; may be set at any time. */
  wall: number;
  /** Since whenever; never set back, but it may stand still while the machine sleeps. */
  steady: number;
}

/** Between which two moments Redis's clock stands, in milliseconds since the epoch. */
export interface Span {
  earliest: number;
  latest: number;
}

/**
 * Redis's clock as this instance knows it, so that all instances mean the same windows, whatever their own clocks say.
 * It is read at most twice a minute. In between, both clocks of this machine carry the reading on; the span is as wide as
 * they disagree.
 */
export interface StoreClock {
  instant(): Instant;
  /** @param milliseconds Redis's clock, since the epoch; @param requestedAt when it was requested */
  learn(milliseconds: number, requestedAt: Instant): void;
  /** Undefined without a recent reading. */
  span(): Span | undefined;
  /** The best guess, milliseconds since the epoch: the last reading, carried on, or the wall clock. */
  estimate(): number;
}

/** @param instant the present; tests hand in others */
export function createStoreClock(
  instant = (): Instant => ({ wall: Date.now(), steady: performance.now() }),
): StoreClock {
  let reading: { time: number; requested: Instant; answered: Instant } | undefined;
  return {
    instant,
    learn(time, requested) {
      reading = { time, requested, answered: instant() };
    },
    estimate() {
      const { wall, steady } = instant();
      return reading ? reading.time + Math.max(0, steady - reading.requested.steady) : wall;
    },
    span() {
      if (!reading) return undefined;
      const present = instant();
      const since = ({ wall, steady }: Instant) => [present.wall - wall, present.steady - steady] as const;
      const min = Math.max(0, Math.min(...since(reading.answered)));
      const max = Math.max(0, ...since(reading.requested));
      if (max > trustMilliseconds) return undefined;
      return {
        earliest: reading.time + min * (1 - drift),
        // Redis's clock shows whole milliseconds.
        latest: reading.time + max * (1 + drift) + 1,
      };
    },
  };
}
