import { existsSync, globSync, readFileSync } from 'node:fs';
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

test('the tables name tests that are there, and all that try pages in browsers, frameworks and libraries', () => {
  const names = [...docs.text.matchAll(/`(test\/[\w/.]+\.test\.ts)`/g)].map(([, name]) => name ?? '');
  expect(names.filter((name) => !existsSync(name))).toEqual([]);
  // How a site is reached by a tunnel is no matter of the page.
  const exclude = ['**/node_modules/**', 'test/e2e/tunnel.test.ts'];
  const tried = globSync('test/{e2e,frameworks,visits,compat}/**/*.test.ts', { exclude });
  expect(tried.length).toBeGreaterThan(15);
  expect(tried.filter((name) => !names.includes(name))).toEqual([]);
});

test('the versions of frameworks are those that are tried', () => {
  const versionOf = (project: string, name: string) => {
    const { dependencies } = JSON.parse(readFileSync(`test/frameworks/${project}/package.json`, 'utf8'));
    return Number.parseInt(dependencies[name], 10);
  };
  const next = versionOf('next', 'next');
  const [astro, kit] = [versionOf('astro', 'astro'), versionOf('sveltekit', '@sveltejs/kit')];
  expect(docs.text).toContain(
    `Next.js ${next} (\`output: 'export'\`), Astro ${astro} and SvelteKit ${kit} (`,
  );
  const [vitest, jsdom, happyDom] = ['vitest', 'jsdom', 'happy-dom'].map((name) => versionOf('vitest', name));
  expect(docs.text).toContain(`Vitest ${vitest} with jsdom ${jsdom} and with happy-dom ${happyDom}:`);
});

test('the module that is shown is the one that the frameworks build', () => {
  const [shown = ''] = docs.blocks.filter((code) => code.startsWith('// session.ts\n'));
  const modules = ['next/app', 'astro/src', 'sveltekit/src', 'vitest'].map((folder) =>
    readFileSync(`test/frameworks/${folder}/session.js`, 'utf8'),
  );
  expect(modules.filter((code) => `// session.ts\n${code}` !== shown)).toEqual([]);
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
