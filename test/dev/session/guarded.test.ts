import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type GuardedOptions, runGuarded } from '../../../dev/session/guarded.ts';
import { root } from '../../../scripts/bundle.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-guarded-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lines: string[] = [];
const run = (command: string[], options: Partial<GuardedOptions> = {}) =>
  runGuarded(command, {
    cwd: folder,
    env: { PATH: process.env.PATH },
    onLine: (line, stream) => lines.push(`${stream}: ${line}`),
    ...options,
  });

function isAlive(pid: string | undefined): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

/** Starts a child of its own, and says the ids of both. */
const family = `
  const { spawn } = require('node:child_process');
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  console.log('family', process.pid + ',' + child.pid);
  setInterval(() => {}, 1000);`;

test('its lines, without colours where they are searched, and its exit code', async () => {
  const child = await run(['sh', '-c', 'printf "\\033[32mhttp://\\033[1mx\\n"; echo late >&2; exit 7']);
  expect(await child.printed(/http:\/\/(x)/)).toBe('x');
  expect(await child.ended).toBe(7);
  expect(lines).toEqual(expect.arrayContaining(['stdout: \u001b[32mhttp://\u001b[1mx', 'stderr: late']));
});

test('programs of the project are found; one that is not there has ended with 127', async () => {
  const bin = join(folder, 'node_modules/.bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'our-vite'), '#!/bin/sh\necho ours "$@"\n');
  chmodSync(join(bin, 'our-vite'), 0o755);
  mkdirSync(join(folder, 'deep/er'), { recursive: true });
  const child = await run(['our-vite', 'a b', '$c'], { cwd: join(folder, 'deep/er') });
  expect(await child.printed(/ours .*/)).toBe('ours a b $c');
  expect(await child.ended).toBe(0);
  expect(await (await run(['no-such-program'])).ended).toBe(127);
});

test('its children end with it, when it is stopped and when it ends by itself', async () => {
  const stopped = await run([process.execPath, '-e', family]);
  const pids = (await stopped.printed(/family (.*)/)).split(',');
  await stopped.stop();
  await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
  const ended = await run([process.execPath, '-e', `${family} setTimeout(() => process.exit(3));`]);
  const [, child] = (await ended.printed(/family (.*)/)).split(',');
  expect(await ended.ended).toBe(3);
  await expect.poll(() => isAlive(child)).toBe(false);
});

test('one that is asked to end may do so in order', async () => {
  const child = await run([
    'sh',
    '-c',
    'trap "echo in order; exit" TERM; echo up; while :; do sleep 0.1; done',
  ]);
  await child.printed(/up/);
  await child.stop();
  expect(lines).toContain('stdout: in order');
});

test('a daemon that left its session and holds on to the output is not waited for', async () => {
  const daemon = `
    const { spawn } = require('node:child_process');
    const child = spawn('sleep', ['600'], { stdio: ['ignore', 'inherit', 'inherit'], detached: true });
    console.log('daemon', child.pid);
    setInterval(() => {}, 1000);`;
  const child = await run([process.execPath, '-e', daemon]);
  const pid = await child.printed(/daemon (.*)/);
  try {
    await child.stop();
  } finally {
    process.kill(Number(pid));
  }
});

test('it does not outlive a process that was killed', async () => {
  const module = join(root, 'dev/session/guarded.ts');
  const script = `
    import { runGuarded } from ${JSON.stringify(module)};
    const onLine = (line) => console.log(line);
    await runGuarded([process.execPath, '-e', ${JSON.stringify(family)}], { cwd: '.', env: process.env, onLine });`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  parent.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await expect.poll(() => output).toMatch(/family (.*)\n/);
  const pids = /family (.*)\n/.exec(output)?.[1]?.split(',') ?? [];
  expect(pids.map(isAlive)).toEqual([true, true]);
  parent.kill('SIGKILL');
  await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
});
