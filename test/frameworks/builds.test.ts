import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import policy from '../../daypass.config.ts';
import { startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith, type OptionalPart } from '../support/optional.ts';
import { installPackage, run } from './install.ts';

// Frameworks load a page's modules where there is no page, while they build it. Each of these projects makes its session
// at the top of a module, and attaches it there.

interface Framework {
  part: OptionalPart;
  /** A folder beside this file. */
  project: string;
  build: [program: string, ...args: string[]];
  /** Where the build puts the pages. */
  output: string;
  /** Those that call the API. */
  pages: string[];
}

const frameworks: readonly Framework[] = [
  { part: 'next', project: 'next', build: ['next/dist/bin/next', 'build'], output: 'out', pages: ['/'] },
  { part: 'astro', project: 'astro', build: ['astro/bin/astro.mjs', 'build'], output: 'dist', pages: ['/'] },
  {
    part: 'sveltekit',
    project: 'sveltekit',
    build: ['vite/bin/vite.js', 'build'],
    output: 'build',
    // Of `onMount`, and of `load`.
    pages: ['/', '/loaded/'],
  },
];

for (const { part, project, build, output, pages } of frameworks) {
  describeWith('chromium')(project, () => {
    describeWith(part)('as static pages', () => {
      let browser: Browser;
      beforeAll(async () => {
        await installPackage(project);
        browser = await launchBrowser();
      });
      afterAll(() => browser?.close());

      test('are built by modules that make a session and attach it, and call the API in a browser', async () => {
        const folder = join(import.meta.dirname, project, output);
        await rm(folder, { recursive: true, force: true });
        const [program, ...args] = build;
        const built = await run(project, program, args);
        expect(built.code, built.output).toBe(0);
        expect(await readFile(join(folder, 'index.html'), 'utf8')).toMatch(/id="built"[^>]*>fetch attach /);

        const publishFolder = `test/frameworks/${project}/${output}`;
        const server = await startDemo(readSettings({ PORT: '0' }, policy), policy, { publishFolder });
        onTestFinished(() => server.close());
        for (const path of pages) {
          const context = await browser.newContext();
          onTestFinished(() => context.close());
          const page = await context.newPage();
          const calls: string[] = [];
          page.on('response', (response) => {
            const { pathname } = new URL(response.url());
            if (pathname.startsWith('/api/')) calls.push(`${response.status()} ${pathname}`);
          });
          await page.goto(server.url + path);
          await expect.poll(() => page.locator('#greeting').textContent()).toBe('Hello, visitor.');
          expect(calls).toEqual(['200 /api/hello']);
        }
      });
    });
  });
}
