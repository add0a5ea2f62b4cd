import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { trustedTypesRemedy } from '../../client/proof/trustedTypes.ts';
import type { RunningSite } from '../../dev/server/site.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { ways } from '../e2e/support/ways.ts';
import { describeWith } from '../support/optional.ts';
import { blocksOf, type DocsProject, openDocs } from './project.ts';

const root = join(import.meta.dirname, '../..');

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
  const [base = '', csp = ''] = blocksOf(docs.text, 'csp');
  expect(directive).toBe('trusted-types daypass');
  expect(csp).toContain(`; ${directive}; require-trusted-types-for 'script'`);
  // Tried in test/e2e/proof.test.ts.
  expect(csp.startsWith(base.trim())).toBe(true);
});

describeWith('chromium')('in a page', () => {
  let browser: Browser;
  let server: RunningSite;
  beforeAll(async () => {
    const [, start] = ways[0] as (typeof ways)[number];
    [browser, server] = await Promise.all([launchBrowser(), start()]);
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
  });

  /** Serves a page under the page's Content-Security-Policy. */
  async function openUnderPolicy(html: string, files: Record<string, string>) {
    const [policy = ''] = blocksOf(docs.text, 'csp');
    const value = policy.trim().replace('Content-Security-Policy: ', '');
    const context = await browser.newContext();
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
    page.on('pageerror', (error) => faults.push(String(error)));
    for (const [path, body] of Object.entries(files)) {
      await page.route(server.url + path, (route) => route.fulfill({ contentType: 'text/javascript', body }));
    }
    await page.route(`${server.url}/shown`, (route) =>
      route.fulfill({ contentType: 'text/html', headers: { 'content-security-policy': value }, body: html }),
    );
    await page.goto(`${server.url}/shown`);
    return { page, faults, close: () => context.close() };
  }

  test('the three lines work, under the policy that is shown', async () => {
    const [html = ''] = blocksOf(docs.text, 'html');
    const [app = ''] = blocksOf(docs.text, 'js');
    const { page, faults, close } = await openUnderPolicy(
      `<!doctype html><link rel="icon" href="data:,">${html}`,
      {
        '/daypass.js': readFileSync(join(root, 'dist/daypass.js'), 'utf8'),
        // The element stands behind the script.
        '/app.js': app,
      },
    );
    await expect.poll(() => page.locator('#greeting').textContent()).toBe('Hello, visitor.');
    expect(faults).toEqual([]);
    await close();
  });

  test('the page code with gotrue-js and nothing of ours works', async () => {
    const [, recipe = ''] = blocksOf(docs.text, 'js');
    const bundled = await build({
      stdin: { contents: recipe, resolveDir: root },
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
    });
    const { page, close } = await openUnderPolicy(
      '<!doctype html><script type="module" src="/recipe.js"></script>',
      {
        '/recipe.js': bundled.outputFiles[0]?.text ?? '',
      },
    );
    await expect.poll(() => page.title()).toBe('Hello, visitor.');
    await close();
  });
});
