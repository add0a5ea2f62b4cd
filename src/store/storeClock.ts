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
