import type { StatsCount, StatsEvent } from '../../../src/protocol/messages.ts';

/** One line of what the gate counted, all days together. */
export interface CountRow {
  /** What it counted, in words. */
  event: string;
  code: string;
  route: string;
  count: number;
  /** How many of them came since. */
  added: number;
}

const words: Readonly<Record<StatsEvent, string>> = {
  passed: 'Passed',
  refused: 'Refused',
  would_refuse: 'Would have refused',
  revocation_unchecked: 'Passed, revocation not checked',
  circuit_opened: 'Stopped asking Redis',
  circuit_closed: 'Asks Redis again',
  store_refusing: 'Redis refuses to count',
  store_accepting: 'Redis counts again',
  ceiling_near: 'A ceiling is near',
  ceiling_reached: 'A ceiling is reached',
};

/**
 * Sums counts up over the days, those that have just changed first.
 * @param before what was counted then, to tell what is new
 */
export function countRows(counts: readonly StatsCount[], before: readonly StatsCount[]): CountRow[] {
  const earlier = sums(before);
  const rows = [...sums(counts)].map(([key, { event, code = '', route = '', count }]) => ({
    event: words[event],
    code,
    route,
    count,
    added: count - (earlier.get(key)?.count ?? 0),
  }));
  const byOrder = Object.values(words);
  return rows.sort(
    (a, b) =>
      Number(b.added > 0) - Number(a.added > 0) ||
      byOrder.indexOf(a.event) - byOrder.indexOf(b.event) ||
      b.count - a.count,
  );
}

function sums(counts: readonly StatsCount[]): Map<string, StatsCount> {
  const all = new Map<string, StatsCount>();
  for (const one of counts) {
    const key = JSON.stringify([one.event, one.code, one.route]);
    all.set(key, { ...one, count: one.count + (all.get(key)?.count ?? 0) });
  }
  return all;
}

/** All that was counted. */
export function totalOf(counts: readonly StatsCount[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}
