import { afterAll, beforeAll, expect, test } from 'vitest';
import { testSecrets, testSiteKey } from '../../dev/turnstile.ts';
import { defaultProofOfWork } from '../../src/policy/admission.ts';
import { codes } from '../../src/protocol/codes.ts';
import { type DocsProject, openDocs } from './project.ts';

// What docs/admission.md shows compiles, and is what Netlify's bundler understands.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('admission.md', 0);
});
afterAll(() => docs.close());

test('the code compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks.length).toBeGreaterThan(5);
  expect(await docs.compile()).toBe('');
});

test('Netlify would call the event functions', async () => {
  const subscribed = await docs.subscriptions('createIdentityFunction');
  expect(subscribed).toEqual([['identity_validate'], ['identity_validate', 'identity_login']]);
});

test('codes, keys and defaults are those that there are', () => {
  const { text, blocks } = docs;
  const named = [...text.matchAll(/^\| `(\w+_\w+)` +\|/gm)].map(([, code]) => code);
  expect(named.length).toBeGreaterThan(6);
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(named));
  for (const key of [testSecrets.alwaysPasses, testSiteKey]) expect(text).toContain(key);
  const shown = (blocks.find((code) => code.includes('proofOfWork')) ?? '').replaceAll('_', '');
  for (const [name, value] of Object.entries(defaultProofOfWork))
    expect(shown).toContain(`${name}: ${value}`);
});
