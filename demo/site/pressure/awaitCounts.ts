import type { StatsResponse } from '../../../src/protocol/messages.ts';
import { textOf } from '../net/exchange.ts';
import { plainFetch } from '../net/watchFetch.ts';
import { totalOf } from './countRows.ts';

export type Counts = StatsResponse['counts'];

/** Counts reach Redis a second late, and up to another one where they wait for the next call. */
const pauseMilliseconds = 700;
const mostQuestions = 8;

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
  for (let asked = 0; asked < mostQuestions; asked += 1) {
    await pause();
    counts = await read();
    draw(counts);
    if (totalOf(counts) >= total) break;
  }
  return counts;
}
