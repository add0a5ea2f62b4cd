import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSubscriptions } from '../../src/dev/events/readSubscriptions.ts';
import { eventNames } from '../../src/identity/events/names.ts';

// What docs/identity.md shows compiles, and is what Netlify's bundler understands.

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/identity.md'), 'utf8');
const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
const nameOf = (index: number) => `block${index}`;

let project: string;
beforeAll(async () => {
  await mkdir(join(root, 'dist'), { recursive: true });
  project = await mkdtemp(join(root, 'dist', 'docs-'));
  const functions = join(project, 'netlify', 'functions');
  await mkdir(functions, { recursive: true });
  for (const [index, code] of blocks.entries()) await writeFile(join(functions, `${nameOf(index)}.ts`), code);
});
afterAll(() => rm(project, { recursive: true, force: true }));

test('the code compiles, strictly, against what the package exports', async () => {
  const paths = { 'daypass/*': [join(root, 'src/package/*.ts')] };
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['.'], exclude: [] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  expect(blocks.length).toBeGreaterThan(3);
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('Netlify would call the event functions', async () => {
  const subscribed = [];
  for (const [index, code] of blocks.entries()) {
    if (code.includes('export default')) subscribed.push(await readSubscriptions(project, nameOf(index)));
  }
  expect(subscribed).toEqual([['identity_validate', 'identity_login'], ['identity_validate']]);
});

test('the table names every event', () => {
  const rows = [...text.matchAll(/^\| `(\w+)` +\| (?:once|when|at)/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(eventNames));
});
