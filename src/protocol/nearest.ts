/**
 * The name that was meant by a misspelt one, in whatever case.
 * @returns the known name that it begins, or that takes the fewest edits, where these are at most half of its letters
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const shares = known.map((meant) => {
    const other = meant.toLowerCase();
    return Math.min(edits(lower, other) / other.length, other.startsWith(lower) ? 0.5 : 1);
  });
  // The first of the least; where all are above, none is found.
  return known[shares.indexOf(Math.min(0.5, ...shares))];
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
