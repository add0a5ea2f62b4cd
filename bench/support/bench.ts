import type { Spread } from './spread.ts';

/**
 * One question about what something costs. A file `bench/<name>.ts` exports it as `bench`; `gateCpu.ts` is
 * `npm run bench -- gate-cpu`.
 *
 * @example
 * export const bench: Bench = {
 *   question: 'Does a verified token cost more than only jose?',
 *   async run({ isQuick }) {
 *     const rounds = await interleave(isQuick ? 3 : 9, { ours: () => timeOf(ours), jose: () => timeOf(jose) });
 *     return [{ what: 'a new token', baseline: 'jose', figure: ratioOf(rounds.ours, rounds.jose), unit: '×', toReach: { atMost: 1.1 } }];
 *   },
 * };
 */
export interface Bench {
  question: string;
  /** @throws whatever goes wrong, a wrong answer of a server included: its time would be worth nothing */
  run(context: BenchContext): Promise<readonly Row[]>;
}

/** One line of the table. */
export interface Row {
  /** What was measured: a runtime, a size. */
  what: string;
  /** What the figure is relative to, or what it is compared with. */
  baseline: string;
  figure: Spread;
  unit: string;
  /** Reported next to the figure; a figure that misses it fails nothing. */
  toReach?: { atMost: number } | { atLeast: number };
  /** What the figure was made of: `1700 µs against 320 µs`. */
  note?: string;
}

export interface BenchContext {
  /** Fewer rounds, smaller sizes: enough to see a change of a third. */
  isQuick: boolean;
  /** Closes something once the bench is done or has failed; the latest first. */
  defer(close: () => unknown): void;
}

/** Thrown by a bench that lacks a program of this machine, such as redis-server. It is listed as skipped. */
export class MissingProgram extends Error {}
