/** How long the time that Redis told is relied on, in milliseconds. */
const trustMilliseconds = 30_000;

/** How far two clocks run apart at most while it is: a thousandth. */
const drift = 0.001;

/** A moment by both clocks of this machine, in milliseconds. */
export interface Instant {
  /** Since the epoch; somebody may set it. */
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
 * Redis's clock as this instance knows it, so that all instances mean the same windows, however their own clocks stand.
 * Redis is asked for it twice a minute at most; in between, what it told goes on by both clocks of this machine, and
 * where they disagree, the span is as wide as what they disagree by.
 */
export interface StoreClock {
  instant(): Instant;
  /** @param milliseconds what Redis told, since the epoch; @param askedAt when it was asked */
  learn(milliseconds: number, askedAt: Instant): void;
  /** Undefined when Redis has not told it of late. */
  span(): Span | undefined;
  /** The best guess in any case, milliseconds since the epoch: what Redis told last goes on, else the wall clock does. */
  estimate(): number;
}

/** @param instant the present; tests hand in others */
export function createStoreClock(
  instant = (): Instant => ({ wall: Date.now(), steady: performance.now() }),
): StoreClock {
  let told: { time: number; asked: Instant; answered: Instant } | undefined;
  return {
    instant,
    learn(time, asked) {
      told = { time, asked, answered: instant() };
    },
    estimate() {
      const { wall, steady } = instant();
      return told ? told.time + Math.max(0, steady - told.asked.steady) : wall;
    },
    span() {
      if (!told) return undefined;
      const present = instant();
      const since = ({ wall, steady }: Instant) => [present.wall - wall, present.steady - steady] as const;
      const least = Math.max(0, Math.min(...since(told.answered)));
      const most = Math.max(0, ...since(told.asked));
      if (most > trustMilliseconds) return undefined;
      return {
        earliest: told.time + least * (1 - drift),
        // Redis's clock shows whole milliseconds.
        latest: told.time + most * (1 + drift) + 1,
      };
    },
  };
}
