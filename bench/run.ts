import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, MissingProgram, type Row } from './support/bench.ts';
import { describeMachine, describeRow, heading, isReached } from './support/report.ts';

// `npm run bench`: what things cost, next to what they could cost. A figure that misses its target is reported and fails
// nothing. It ends with 1 when something could not be measured; with DAYPASS_TEST_ALL=1 also when a program is missing.
//
//   npm run bench                          all of it
//   npm run bench -- gate-cpu redis-trips  these files
//   npm run bench -- --quick               fewer rounds
//   npm run bench -- --json                for a program to read

const own = 'run.ts';

/** Every file of this folder, by the name that the command line knows it by: `gateCpu.ts` is `gate-cpu`. */
const files = new Map(
  readdirSync(import.meta.dirname)
    .filter((file) => file.endsWith('.ts') && file !== own)
    .sort()
    .map((file) => [file.slice(0, -3).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), file]),
);

interface Outcome {
  name: string;
  question: string;
  seconds: number;
  rows: readonly Row[];
  /** Why it was not measured. */
  failed?: unknown;
  skipped?: string;
}

const { names, isQuick, isJson } = readArguments(process.argv.slice(2));
const head = describeMachine();
if (!isJson) {
  for (const [name, value] of Object.entries(head)) console.log(`${name.padEnd(9)} ${value}`);
  console.log(`\n${heading}`);
}
const outcomes: Outcome[] = [];
for (const name of names) {
  const outcome = await measure(name);
  outcomes.push(outcome);
  if (outcome.failed !== undefined) console.error(`\n${name}:`, outcome.failed);
  if (!isJson) console.log(describeOutcome(outcome));
}
if (isJson) console.log(JSON.stringify({ head, isQuick, benches: outcomes.map(toJson) }, undefined, 2));
const isWhole = outcomes.every(
  ({ failed, skipped }) =>
    failed === undefined && (skipped === undefined || process.env.DAYPASS_TEST_ALL !== '1'),
);
// Whatever a bench has left open does not keep the program running.
process.exit(isWhole ? 0 : 1);

function readArguments(args: string[]): { names: readonly string[]; isQuick: boolean; isJson: boolean } {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    const unknown = positionals.filter((name) => !files.has(name));
    if (unknown.length > 0) throw new Error(`There is no bench ${unknown.join(', ')}.`);
    const names = positionals.length > 0 ? [...new Set(positionals)] : [...files.keys()];
    return { names, isQuick: values.quick, isJson: values.json };
  } catch (error) {
    const list = [...files.keys()].join(', ');
    console.error(`${(error as Error).message}\nnpm run bench -- [--quick] [--json] [name …], of: ${list}`);
    process.exit(1);
  }
}

async function measure(name: string): Promise<Outcome> {
  const path = join(import.meta.dirname, files.get(name) as string);
  const closers: (() => unknown)[] = [];
  const startedAt = performance.now();
  let question = name;
  const outcomeOf = (rest: Partial<Outcome>): Outcome => {
    const seconds = (performance.now() - startedAt) / 1000;
    return { name, question, seconds, rows: [], ...rest };
  };
  try {
    const { bench } = (await import(path)) as { bench: Bench };
    question = bench.question;
    const rows = await bench.run({ isQuick, defer: (close) => closers.push(close) });
    if (rows.length === 0) throw new Error('It has measured nothing.');
    return outcomeOf({ rows });
  } catch (error) {
    return outcomeOf(error instanceof MissingProgram ? { skipped: error.message } : { failed: error });
  } finally {
    for (let close = closers.pop(); close; close = closers.pop()) {
      // The next bench runs all the same.
      await Promise.resolve(close()).catch((error) => console.error(`${name}, closing:`, error));
    }
  }
}

function describeOutcome({ name, question, seconds, rows, failed, skipped }: Outcome): string {
  const lines = [`\n${question} (${name}, ${seconds.toFixed(1)} s)`, ...rows.map(describeRow)];
  if (failed !== undefined) lines.push('  not measured: it failed');
  if (skipped !== undefined) lines.push(`  skipped: ${skipped}`);
  return lines.join('\n');
}

function toJson({ rows, failed, ...outcome }: Outcome): object {
  return {
    ...outcome,
    ...(failed !== undefined && { failed: String(failed) }),
    rows: rows.map((row) => ({ ...row, reached: isReached(row) })),
  };
}
