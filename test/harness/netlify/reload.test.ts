import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EdgeFunctionsHandler } from '@netlify/edge-functions-dev';
import { afterEach, expect, test } from 'vitest';
import { reachEdgeInternals } from './edge.ts';
import { startNetlifyEmulator } from './start.ts';

const origin = 'http://localhost:8888';
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function makeProject(folder: 'functions' | 'edge-functions', source: string) {
  const projectRoot = await mkdtemp(join(tmpdir(), 'daypass-test-'));
  cleanups.push(() => rm(projectRoot, { recursive: true, force: true }));
  const directory = join(projectRoot, 'netlify', folder);
  await mkdir(directory, { recursive: true });
  const entry = join(directory, 'hello.mjs');
  await writeFile(entry, source);
  return { projectRoot, directory, entry };
}

test('a function that changes is built again', async () => {
  const source = (word: string) =>
    `export default () => new Response('${word}');\nexport const config = { path: '/hello' };\n`;
  const { projectRoot, entry } = await makeProject('functions', source('first'));
  const emulator = await startNetlifyEmulator({ projectRoot, origin, environment: {} });
  cleanups.push(() => emulator.close());
  const answer = async () => (await emulator.handle(new Request(`${origin}/hello`), '127.0.0.1')).text();

  expect(await answer()).toBe('first');
  await writeFile(entry, source('second'));
  await expect.poll(answer).toBe('second');
});

test('Deno is asked for the config of edge functions once, and again when an entry file changes', async () => {
  const source = (path: string) =>
    `export default () => new Response('');\nexport const config = { path: '${path}' };\n`;
  const { directory, entry } = await makeProject('edge-functions', source('/one'));
  const handler = new EdgeFunctionsHandler({
    configDeclarations: [],
    directories: [directory],
    env: {},
    geolocation: {},
    logger: console,
  });
  cleanups.push(() => handler.stop());
  let asked = 0;
  const ask: (...args: unknown[]) => unknown = Reflect.get(handler, 'getFunctionConfigs');
  Reflect.set(handler, 'getFunctionConfigs', (...args: unknown[]) => {
    asked += 1;
    return ask.apply(handler, args);
  });
  const internals = reachEdgeInternals(handler);
  const matches = async (path: string) =>
    (await handler.match(new Request(`${origin}${path}`))) !== undefined;

  expect([await matches('/one'), await matches('/two'), await matches('/one')]).toEqual([true, false, true]);
  expect(asked).toBe(1);

  await writeFile(entry, source('/two'));
  expect([await matches('/one'), await matches('/two')]).toEqual([false, true]);
  expect(asked).toBe(2);

  await writeFile(entry, "throw new Error('broken');\n");
  await matches('/two');
  expect(internals.loadError()).toContain('broken');
  await writeFile(entry, source('/three'));
  expect(await matches('/three')).toBe(true);
  expect(internals.loadError()).toBeUndefined();
});
