import '../test/support/closedNetwork.ts';
import { findRedisServer } from '../dev/redis/redisProcess.ts';
import { buildSite } from '../scripts/buildSite.ts';
import { measures } from './measures.ts';
import { createContext, type OwnedContext } from './support/context.ts';
import { exactly, type Figure } from './support/figures.ts';
import type { Measure } from './support/measure.ts';
import { readArguments } from './support/readArguments.ts';
import { printFigures } from './support/table.ts';

// `npm run abuse`: every measure of what abuse must not achieve, against the dev server over a real redis-server.

const longestSeconds = 480;

let current: OwnedContext | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    await current?.close();
    process.exit(1);
  });
}

try {
  const { only } = readArguments(
    process.argv.slice(2),
    measures.map(({ name }) => name),
  );
  const redis = await findRedisServer();
  if (redis === undefined)
    throw new Error('No redis-server on the PATH: install one, all of this runs over it.');
  const seed = Number(process.env.DAYPASS_SEED ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`redis-server ${redis}, Node ${process.versions.node}, DAYPASS_SEED=${seed}`);
  await buildSite();
  const short: string[] = [];
  for (const measure of measures.filter(({ name }) => only.includes(name))) {
    if (await take(measure, seed)) continue;
    if (measure.isTimed) console.log(`\n${measure.name} fell short and is measured once more.`);
    if (!measure.isTimed || !(await take(measure, seed))) short.push(measure.name);
  }
  console.log(short.length === 0 ? '\nEvery figure holds.' : `\nFell short: ${short.join(', ')}`);
  process.exit(short.length === 0 ? 0 : 1);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

/** Runs one measure and prints its lines; says whether all of them hold. */
async function take(measure: Measure, seed: number): Promise<boolean> {
  const started = performance.now();
  const context = createContext(seed);
  current = context;
  let figures: Figure[];
  try {
    figures = [...(await inTime(measure.run(context))), ...(await context.countKeysForEver())];
  } catch (error) {
    console.error(error);
    figures = [exactly('measures that broke off', 1, 0)];
  }
  await context.close();
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\n${measure.what} (${measure.name}, ${seconds} s)`);
  printFigures(figures);
  return figures.every(({ holds }) => holds);
}

function inTime<T>(work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`Not done after ${longestSeconds} s.`));
    const timer = setTimeout(late, longestSeconds * 1000);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
