import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as identity from '../../src/package/identity.ts';
import { type DocsProject, openProject } from './project.ts';

// The examples of the docstrings are whole files: they compile, and Netlify's bundler understands them.

const files = [
  'client/react.ts',
  'src/identity/admin.ts',
  'src/identity/defineEvents.ts',
  'src/identity/samplePayloads.ts',
  'src/identity/user.ts',
  'src/identity/events.ts',
  'src/netlify/createIdentityAdmin.ts',
  'src/netlify/createIdentityFunction.ts',
  'src/netlify/createIdentityWebhook.ts',
  'src/netlify/createSignupGuard.ts',
];
const policy =
  "import { definePolicy } from 'daypass/netlify';\n\nexport default definePolicy({ admission: {} });\n";
const source = files.map((file) => readFileSync(join(import.meta.dirname, '../..', file), 'utf8')).join('\n');

/** The examples by the export that they belong to. */
const examples = [
  ...source.matchAll(
    /\/\*\*(?:(?!\*\/)[\s\S])*?@example\n \* ```ts\n((?: \*.*\n)*?) \* ```\n \*\/\nexport (?:class|const|function) (\w+)/g,
  ),
].map(([, code = '', name = '']) => ({ name, code: code.replace(/^ \* ?/gm, '') }));

let project: DocsProject;
beforeAll(async () => {
  project = await openProject(
    source,
    examples.map(({ code }) => code),
    policy,
  );
});
afterAll(() => project.close());

test('they compile, strictly, against what the package exports', async () => {
  expect(await project.compile()).toBe('');
});

test('each export of daypass/identity has one, but for the errors of the whole package', () => {
  const exported = Object.keys(identity).filter(
    (name) => !['DaypassError', 'ConfigurationError'].includes(name),
  );
  expect(examples.map(({ name }) => name)).toEqual(expect.arrayContaining(exported));
});

test('Netlify would call the event functions', async () => {
  expect(await project.subscriptions('export default {')).toEqual([
    ['identity_validate', 'identity_login'],
    ['identity_validate'],
    ['identity_validate'],
  ]);
});
