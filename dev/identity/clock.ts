/** Times as GoTrue writes them: RFC 3339 in UTC, trailing zeros of the fraction cut. */
export interface Clock {
  milliseconds(): number;
  /** Whole seconds since the epoch, for tokens. */
  seconds(): number;
  /** To the microsecond: `created_at` and `updated_at` of a row that was not read back yet. */
  microTime(): string;
  /** To the nanosecond: what GoTrue itself sets, such as `confirmed_at`. */
  nanoTime(): string;
}

/** @param now milliseconds since the epoch */
export function createClock(now: () => number): Clock {
  let last = 0n;

  // `now` ends at milliseconds, so the digits below come from elsewhere. Two readings of one millisecond
  // stay in order; a clock that was set back is followed.
  function nanoseconds(): bigint {
    const reading = BigInt(Math.floor(now())) * 1_000_000n + (process.hrtime.bigint() % 1_000_000n);
    last = reading > last || last - reading >= 1_000_000n ? reading : last + 1_001n;
    return last;
  }

  return {
    milliseconds: now,
    seconds: () => Math.floor(now() / 1000),
    microTime: () => formatTime((nanoseconds() / 1_000n) * 1_000n),
    nanoTime: () => formatTime(nanoseconds()),
  };
}

/** A time as the database gives it back: to the second, cut and not rounded. */
export function storedTime(time: string): string {
  return time.replace(/\.\d+/, '');
}

function formatTime(nanoseconds: bigint): string {
  const second = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  const fraction = String(nanoseconds % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${second}Z` : `${second}.${fraction}Z`;
}
