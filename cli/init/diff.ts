import type { Change } from './draft.ts';

/** One line of a comparison. */
interface Row {
  readonly kind: ' ' | '+' | '-';
  readonly text: string;
}

const contextLines = 3;

/**
 * What a change does, as a unified diff (the format of `diff -u` and git).
 * @returns lines without their ends
 */
export function formatDiff({ path, before, after }: Change): string[] {
  const rows = compare(toLines(before ?? ''), toLines(after));
  const lines = [`--- ${before === undefined ? '/dev/null' : `a/${path}`}`, `+++ b/${path}`];
  let index = 0;
  while (index < rows.length) {
    const first = rows.findIndex((row, at) => at >= index && row.kind !== ' ');
    if (first < 0) break;
    const start = Math.max(index, first - contextLines);
    let end = first;
    // Two changes with little between them are one hunk.
    for (let at = first; at < rows.length && at <= end + 2 * contextLines; at += 1) {
      if (rows[at]?.kind !== ' ') end = at;
    }
    end = Math.min(rows.length, end + 1 + contextLines);
    const hunk = rows.slice(start, end);
    const range = (kinds: string) => {
      const skipped = rows.slice(0, start).filter(({ kind }) => kinds.includes(kind)).length;
      const count = hunk.filter(({ kind }) => kinds.includes(kind)).length;
      return `${count === 0 ? skipped : skipped + 1},${count}`;
    };
    lines.push(`@@ -${range(' -')} +${range(' +')} @@`, ...hunk.map(({ kind, text }) => kind + text));
    index = end;
  }
  return lines;
}

/** Lines without `\n`; one that has no end says so, as git does. */
function toLines(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  else lines[lines.length - 1] += '\n\\ No newline at end of file';
  return lines;
}

/** The longest common sequence of lines, by the table of the textbooks; what both begin and end with is left out of it. */
function compare(before: readonly string[], after: readonly string[]): Row[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1;
  let tail = 0;
  const rest = Math.min(before.length, after.length) - head;
  while (tail < rest && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const old = before.slice(head, before.length - tail);
  const now = after.slice(head, after.length - tail);
  const width = now.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = old[i] === now[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const rows: Row[] = before.slice(0, head).map((text) => ({ kind: ' ', text }));
  let i = 0;
  let j = 0;
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      rows.push({ kind: ' ', text: old[i] ?? '' });
      i += 1;
      j += 1;
    } else if (i < old.length && (j === now.length || at(i + 1, j) >= at(i, j + 1))) {
      rows.push({ kind: '-', text: old[i++] ?? '' });
    } else {
      rows.push({ kind: '+', text: now[j++] ?? '' });
    }
  }
  const same = tail === 0 ? [] : before.slice(-tail);
  return [...rows, ...same.map((text): Row => ({ kind: ' ', text }))];
}
