import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSecretCommand } from '../../src/token/keys.ts';
import { blocksOf, type DocsProject, openDocs } from './project.ts';

// What docs/deploy.md shows compiles, and its command makes a good secret.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('deploy.md', 0);
});
afterAll(() => docs.close());

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(4);
  expect(docs.blocks[0]).toContain('definePolicy({');
  expect(await docs.compile()).toBe('');
});

test('the command makes secrets of 32 bytes', () => {
  expect(blocksOf(docs.text, 'sh')).toContain(`${makeSecretCommand}\n`);
  const made = execFileSync('sh', ['-c', makeSecretCommand], { encoding: 'utf8' }).trim();
  expect(Buffer.from(made, 'base64url')).toHaveLength(32);
});
