import { join } from 'node:path';
import { build } from 'esbuild';
import type { BrowserContext, Page } from 'playwright-core';
import type { Site } from './site.ts';

export const tag = '<script src="/daypass.js" data-api="/api/"></script>';

/**
 * Opens a page of the site.
 * @param head what stands in it; scripts run in their order
 * @param logged collects what is said in its console, and thrown
 */
export async function openPage(
  context: BrowserContext,
  site: Site,
  head: string,
  logged: string[] = [],
): Promise<Page> {
  const page = await context.newPage();
  page.on('console', (message) => logged.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => logged.push(`thrown: ${error}`));
  await page.route(`${site.url}/test-page`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><html><head><title>test</title><link rel="icon" href="data:,">${head}</head><body></body></html>`,
    }),
  );
  await page.goto(`${site.url}/test-page`);
  return page;
}

const bundles = new Map<string, Promise<string>>();

/** A script of `test/compat/pages`, with the libraries that it imports, as an element. */
export async function script(name: string): Promise<string> {
  let bundle = bundles.get(name);
  if (!bundle) {
    bundle = bundlePage(name);
    bundles.set(name, bundle);
  }
  return `<script>${(await bundle).replaceAll('</script', '<\\/script')}</script>`;
}

async function bundlePage(name: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../pages', name)],
    bundle: true,
    minify: true,
    // zone.js sees no native async functions, so libraries for it are built without.
    target: 'es2022',
    format: 'iife',
    charset: 'ascii',
    write: false,
    logLevel: 'error',
    define: { 'process.env.NODE_ENV': '"production"', ngDevMode: 'false', ngServerMode: 'false' },
  });
  return outputFiles[0]?.text ?? '';
}
