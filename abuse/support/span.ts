/** From when a call was sent until it was answered, in milliseconds since the epoch: it was decided in between. */
export interface Span {
  from: number;
  to: number;
}

/** The most calls that were surely decided in some time of that length. */
export function most(spans: readonly Span[], milliseconds: number): number {
  const starts = [...spans].sort((a, b) => a.from - b.from);
  const counts = starts.map(({ from }, index) => {
    const within = starts.slice(index).filter(({ to }) => to - from <= milliseconds);
    return within.length;
  });
  return Math.max(0, ...counts);
}
