import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Row } from './bench.ts';
import { type Spread, spreadOf } from './spread.ts';

const root = join(import.meta.dirname, '..', '..');

/** The machine and what it runs: figures of two runs compare only where these agree. */
export function describeMachine(): Record<string, string> {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  return {
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${release()} ${process.arch}`,
    load: (loadavg()[0] as number).toFixed(2),
    node: process.versions.node,
    deno: versionOf('deno', /^deno (\S+)/) ?? 'missing',
    redis: versionOf('redis-server', /v=(\S+)/) ?? 'missing',
    packages: Object.entries(dependencies)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    commit: versionOf('git', /^(\S+)/, ['-C', root, 'describe', '--always', '--dirty']) ?? 'unknown',
  };
}

/** What a program says of its version; undefined where there is no such program. */
export function versionOf(program: string, pattern: RegExp, args = ['--version']): string | undefined {
  try {
    const output = execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return pattern.exec(output)?.[1];
  } catch {
    return undefined;
  }
}

/** Whether a row reached what it should; undefined where nothing is to be reached. */
export function isReached({ figure: { median }, toReach }: Row): boolean | undefined {
  if (!toReach) return undefined;
  return 'atMost' in toReach ? median <= toReach.atMost : median >= toReach.atLeast;
}

const widths = [42, 34, 30, 12, 8] as const;

/** The columns of the table; the question stands above its rows. */
export const heading = columnsOf(['what', 'baseline', 'median (middle half)', 'to reach', 'reached']);

export function describeRow(row: Row): string {
  const reached = isReached(row);
  const line = columnsOf([
    row.what,
    row.baseline,
    `${describeSpread(row.figure)} ${row.unit}`,
    describeTarget(row.toReach),
    reached === undefined ? '' : reached ? 'yes' : 'no',
  ]);
  return row.note === undefined ? line : `${line}\n      ${row.note}`;
}

function columnsOf(cells: readonly string[]): string {
  return `  ${cells
    .map((cell, index) => cell.padEnd(widths[index] ?? 0))
    .join(' ')
    .trimEnd()}`;
}

function describeTarget(target: Row['toReach']): string {
  if (!target) return '';
  return 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
}

function describeSpread({ median, low, high }: Spread): string {
  if (low === high) return written(median);
  return `${written(median)} (${written(low)} to ${written(high)})`;
}

/** What a ratio was made of, as a note: `1 700 µs against 320 µs`. */
export function against(ours: readonly number[], others: readonly number[], unit: string): string {
  return `${written(spreadOf(ours).median)} ${unit} against ${written(spreadOf(others).median)} ${unit}`;
}

/** Three digits that count. */
export function written(figure: number): string {
  const digits = Math.abs(figure) >= 100 ? 0 : Math.abs(figure) >= 10 ? 1 : 2;
  return figure.toLocaleString('en', { maximumFractionDigits: digits }).replaceAll(',', ' ');
}
