import type { StatsCount, StatsEvent, StatsResponse } from '../../../src/protocol/messages.ts';
import { plainFetch, textOf } from '../wire/exchange.ts';

export type Counts = StatsResponse['counts'];

/** Counts reach Redis a second late, and up to another one where they wait for the next call. */
const pauseMilliseconds = 700;
const maxQuestions = 8;

/** @throws {Error} in the broker's words */
export async function readCounts(): Promise<Counts> {
  const response = await plainFetch('/dev/stats', { cache: 'no-store' });
  const body: unknown = await response.json();
  if (!response.ok) throw new Error(textOf(body, 'detail') ?? `The counts answered ${response.status}.`);
  return (body as StatsResponse).counts;
}

/**
 * Asks for the counts until all have come, and a few times at most: who does nothing on the page causes no requests.
 * @param total what they sum up to once all have come
 * @param draw told of each answer
 */
export async function awaitCounts(
  total: number,
  draw: (counts: Counts) => void,
  read: () => Promise<Counts> = readCounts,
  pause: () => Promise<unknown> = () => new Promise((end) => setTimeout(end, pauseMilliseconds)),
): Promise<Counts> {
  let counts: Counts = [];
  for (let asked = 0; asked < maxQuestions; asked += 1) {
    await pause();
    counts = await read();
    draw(counts);
    if (totalOf(counts) >= total) break;
  }
  return counts;
}

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
