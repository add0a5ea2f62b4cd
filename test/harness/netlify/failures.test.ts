import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { startNetlifyEmulator } from './start.ts';

const origin = 'http://localhost:8888';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

function start(projectRoot: string): Promise<unknown> {
  return startNetlifyEmulator({ projectRoot, origin, environment: { DAYPASS_FIXTURE: 'x' } });
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'daypass-test-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function usePath(path: string): void {
  const before = process.env.PATH;
  process.env.PATH = path;
  cleanups.push(() => {
    process.env.PATH = before;
  });
}

async function makeDeno(name: string, script: string): Promise<string> {
  const folder = await makeFolder();
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

test('options that cannot be are TypeErrors', async () => {
  await expect(start(fixture('nowhere'))).rejects.toThrow(TypeError);
  for (const wrong of [
    'localhost:8888',
    'https://localhost',
    'http://localhost:8888/',
    'http://localhost/a',
  ]) {
    const options = { projectRoot: fixture('site'), origin: wrong, environment: {} };
    await expect(startNetlifyEmulator(options), wrong).rejects.toThrow(TypeError);
  }
});

test('a function that cannot be built is named, and the environment is as before', async () => {
  await expect(start(fixture('brokenFunction'))).rejects.toThrow(
    /broken\.mjs cannot be built: .*missing\.mjs/s,
  );
  expect(process.env.DAYPASS_FIXTURE).toBeUndefined();
});

test('an edge function that cannot be loaded is named', async () => {
  await expect(start(fixture('brokenEdge'))).rejects.toThrow(/brokenEdge cannot be loaded: .*missing\.js/s);
});

test('without deno on the PATH the error says where it comes from', async () => {
  usePath('');
  await expect(start(fixture('site'))).rejects.toThrow(/no `deno` on the PATH.*npm ci/);
});

test('a deno that the emulator would replace by a download is refused', async () => {
  usePath([await makeDeno('deno', 'echo "deno 1.46.0 (stable)"'), process.env.PATH].join(delimiter));
  await expect(start(fixture('site'))).rejects.toThrow(/is 1\.46\.0.*takes 2\.2\.4/);
});

test('a deno that runs but serves nothing is an error that shows its version', async () => {
  const script = '[ "$1" = --version ] && echo "deno 2.99.0 (stable)"';
  usePath([await makeDeno('deno', script), process.env.PATH].join(delimiter));
  await expect(start(fixture('site'))).rejects.toThrow(/do not start with Deno 2\.99\.0/);
});

test('edge functions of another package than the working directory are refused', async () => {
  const folder = await makeFolder();
  await writeFile(join(folder, 'package.json'), '{}');
  await mkdir(join(folder, 'netlify', 'edge-functions'), { recursive: true });
  await expect(start(folder)).rejects.toThrow(`start this in ${folder}`);
});
