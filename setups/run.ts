import '../test/support/closedNetwork.ts';
import { spawnSync } from 'node:child_process';
import { findRedisServer } from '../dev/redis/redisProcess.ts';
import { checkSetup } from './checkSetup.ts';
import { setups } from './setups.ts';

// `npm run setups [-- name …]`: what doctor says of each set-up, healthy and broken, one after the other.

const only = process.argv.slice(2);
const chosen = setups.filter(({ name }) => only.length === 0 || only.some((text) => name.includes(text)));
if (chosen.length === 0) throw new Error(`No set-up is called ${only.join(' or ')}.`);

const redis = await findRedisServer();
const { status } = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 10))']);
const has = { 'redis-server': redis !== undefined, 'python 3.10': status === 0 };
console.log(
  `Redis: ${redis === undefined ? 'in memory' : `redis-server ${redis}`}; Node ${process.versions.node}\n`,
);

const width = Math.max(...chosen.map(({ name }) => name.length)) + 2;
const startedAt = performance.now();
let failures = 0;
let skipped = 0;
for (const setup of chosen) {
  process.stdout.write(setup.name.padEnd(width));
  if (setup.needs && !has[setup.needs]) {
    skipped += 1;
    console.log(`skipped: needs ${setup.needs}`);
    continue;
  }
  const problems = await checkSetup(setup, redis === undefined ? 'memory' : 'redis-server').catch(
    (error: unknown) => [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  );
  console.log(
    problems.length === 0 ? (setup.expected ?? 'all is well') : `WRONG\n  ${problems.join('\n  ')}`,
  );
  if (problems.length > 0) failures += 1;
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
const wrong = failures === 0 ? 'doctor names each one right' : `${failures} WRONG`;
console.log(
  `\n${chosen.length} set-ups in ${seconds} s: ${wrong}${skipped > 0 ? `, ${skipped} skipped` : ''}.`,
);
// What a set-up has started and not stopped must not keep this alive.
process.exit(failures === 0 && !(skipped > 0 && process.env.DAYPASS_TEST_ALL === '1') ? 0 : 1);
