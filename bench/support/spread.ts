/** A median, and the middle half of what was measured. */
export interface Spread {
  median: number;
  /** The lower quartile. */
  low: number;
  /** The upper quartile. */
  high: number;
}

/** @param numbers one of each round, at least one */
export function spreadOf(numbers: readonly number[]): Spread {
  if (numbers.length === 0 || numbers.some((number) => !Number.isFinite(number))) {
    throw new RangeError(`Not measured: ${numbers.join(', ') || 'no round'}.`);
  }
  const sorted = [...numbers].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), low: quantile(sorted, 0.25), high: quantile(sorted, 0.75) };
}

/** A figure that is counted, not measured: it has no spread. */
export function exact(number: number): Spread {
  return spreadOf([number]);
}

/**
 * How many times as much one side takes. Each round is compared with its neighbour in time, so that a machine that is
 * busy for a while slows both sides of a ratio.
 */
export function ratioOf(ours: readonly number[], others: readonly number[]): Spread {
  if (ours.length !== others.length) throw new RangeError('Both sides take the same number of rounds.');
  return spreadOf(ours.map((figure, round) => figure / (others[round] as number)));
}

/** Linear between the two nearest, as in R and NumPy. */
function quantile(sorted: readonly number[], share: number): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] as number;
  const above = sorted[Math.ceil(position)] as number;
  return below + (above - below) * (position - Math.floor(position));
}
