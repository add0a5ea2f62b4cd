import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Break, breaks, suites } from './list.ts';

// `npm run breaks [-- text …]`: shows that the tests notice when the product is broken. It breaks one line at a time, runs
// the suite that should fail, and puts the line back. Ends with 1 when a break went unnoticed.

const root = join(import.meta.dirname, '../..');
const product = ['src/**/*.ts', 'client/**/*.ts', 'python/src/**/*.py'];

/** The file that holds the line. So that code may move without this list, lines are found by their text. */
function locate({ name, line, within = '' }: Break): { file: string; text: string } {
  const found = globSync(product, { cwd: root })
    .filter((file) => file.startsWith(within))
    .map((file) => ({ file, text: readFileSync(join(root, file), 'utf8') }))
    .filter(({ text }) => text.includes(line));
  const [only] = found;
  if (found.length !== 1 || !only || only.text.split(line).length !== 2) {
    const files = found.map(({ file }) => file).join(', ') || 'no file';
    throw new Error(
      `${name}: its line must stand in one place, and is in ${files}. Update scripts/breaks/list.ts.`,
    );
  }
  return only;
}

let running: ChildProcess | undefined;

/** A suite that hangs has noticed, too. */
const hangMilliseconds = 300_000;

async function runSuite(suite: Break['suite']): Promise<boolean> {
  const [command, ...args] = suites[suite];
  running = spawn(command, args, { cwd: root, stdio: 'ignore', timeout: hangMilliseconds });
  const [status] = await once(running, 'exit');
  return status === 0;
}

const { values, positionals } = parseArgs({
  options: { list: { type: 'boolean' }, verify: { type: 'boolean' } },
  allowPositionals: true,
});
const chosen = breaks.filter(
  ({ name, suite }) =>
    positionals.length === 0 || positionals.some((text) => name.includes(text) || suite === text),
);
if (chosen.length === 0)
  throw new Error('No break has that in its name. `npm run breaks -- --list` names them.');
if (values.list) {
  for (const { name, suite } of chosen) console.log(`${suite.padEnd(10)} ${name}`);
  process.exit(0);
}
// All are located first: a list that is out of date should not be noticed half-way.
for (const each of chosen) locate(each);
if (values.verify) process.exit(0);

let restore = () => {};
process.on('SIGINT', () => {
  running?.kill();
  restore();
  process.exit(130);
});

for (const suite of new Set(chosen.map(({ suite }) => suite))) {
  if (!(await runSuite(suite))) throw new Error(`The suite ${suite} fails without any break.`);
}
const missed: string[] = [];
for (const each of chosen) {
  const { file, text } = locate(each);
  restore = () => writeFileSync(join(root, file), text);
  writeFileSync(
    join(root, file),
    text.replace(each.line, () => each.broken),
  );
  try {
    const isMissed = await runSuite(each.suite);
    if (isMissed) missed.push(each.name);
    console.log(`${isMissed ? 'MISSED' : 'caught'}  ${each.suite.padEnd(10)} ${each.name}`);
  } finally {
    restore();
  }
}
console.log(`${chosen.length - missed.length} of ${chosen.length} breaks caught.`);
process.exit(missed.length === 0 ? 0 : 1);
