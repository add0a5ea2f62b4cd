/** @returns the known name that takes the fewest edits, where these are at most half of its letters */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const [near] = known
    .map((other) => [other, edits(name.toLowerCase(), other.toLowerCase()) / other.length] as const)
    .filter(([, share]) => share <= 0.5)
    .sort(([, a], [, b]) => a - b);
  return near?.[0];
}

/** Levenshtein's distance: letters to insert, to leave out or to replace. */
function edits(from: string, to: string): number {
  let row = [...to].map((_, index) => index + 1);
  [...from].forEach((letter, index) => {
    let diagonal = index;
    let left = index + 1;
    row = row.map((above, column) => {
      left = Math.min(left + 1, above + 1, diagonal + Number(letter !== to[column]));
      diagonal = above;
      return left;
    });
  });
  return row.at(-1) ?? from.length;
}
