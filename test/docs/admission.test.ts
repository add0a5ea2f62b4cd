import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSubscriptions } from '../../src/dev/events/readSubscriptions.ts';
import { testSecrets, testSiteKey } from '../../src/dev/turnstile/testKeys.ts';
import { defaultProofOfWork } from '../../src/policy/defaults.ts';
import { codes } from '../../src/protocol/codes.ts';

// What docs/admission.md shows compiles, and is what Netlify's bundler understands.

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/admission.md'), 'utf8');
const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
const nameOf = (index: number) => `block${index}`;

let project: string;
beforeAll(async () => {
  await mkdir(join(root, 'dist'), { recursive: true });
  project = await mkdtemp(join(root, 'dist', 'docs-'));
  const functions = join(project, 'netlify', 'functions');
  await mkdir(functions, { recursive: true });
  await writeFile(join(project, 'daypass.config.ts'), blocks[0] ?? '');
  for (const [index, code] of blocks.entries()) await writeFile(join(functions, `${nameOf(index)}.ts`), code);
});
afterAll(() => rm(project, { recursive: true, force: true }));

test('the code compiles, strictly, against what the package exports', async () => {
  const paths = { 'daypass/*': [join(root, 'src/package/*.ts')] };
  const config = { extends: '../../tsconfig.json', compilerOptions: { paths }, include: ['.'], exclude: [] };
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
  expect(blocks.length).toBeGreaterThan(5);
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', project], { encoding: 'utf8' });
  expect(stdout).toBe('');
});

test('Netlify would call the event functions', async () => {
  const subscribed = [];
  for (const [index, code] of blocks.entries()) {
    if (code.includes('createIdentityFunction')) {
      subscribed.push(await readSubscriptions(project, nameOf(index)));
    }
  }
  expect(subscribed).toEqual([['identity_validate'], ['identity_validate', 'identity_login']]);
});

test('codes, keys and defaults are those that there are', () => {
  const named = [...text.matchAll(/^\| `(\w+_\w+)` +\|/gm)].map(([, code]) => code);
  expect(named.length).toBeGreaterThan(6);
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(named));
  for (const key of [testSecrets.alwaysPasses, testSiteKey]) expect(text).toContain(key);
  const shown = (blocks.find((code) => code.includes('proofOfWork')) ?? '').replaceAll('_', '');
  for (const [name, value] of Object.entries(defaultProofOfWork))
    expect(shown).toContain(`${name}: ${value}`);
});
