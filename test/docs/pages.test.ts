import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trustedTypesRemedy } from '../../client/proof/trustedTypes.ts';
import { type DocsProject, openDocs } from './project.ts';

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('pages.md');
});
afterAll(() => docs.close());

test('the TypeScript compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(2);
  expect(await docs.compile()).toBe('');
});

test('the tests that are named are there', () => {
  const names = [...docs.text.matchAll(/`(test\/[\w/.]+\.test\.ts)`/g)].map(([, name]) => name ?? '');
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !existsSync(name))).toEqual([]);
});

test('the directive is the one that errors and warnings ask for', () => {
  const [, directive = ''] = /needs (.*)$/.exec(trustedTypesRemedy) ?? [];
  const [csp = ''] = /```csp\n(.*)/.exec(docs.text)?.slice(1) ?? [];
  expect(directive).toBe('trusted-types daypass');
  expect(csp).toContain(`; ${directive}; require-trusted-types-for 'script'`);
  // Tried in test/e2e/proof.test.ts.
  const readme = readFileSync('README.md', 'utf8');
  const [base = ''] = /```csp\n(.*)/.exec(readme)?.slice(1) ?? [];
  expect(csp.startsWith(base)).toBe(true);
});
