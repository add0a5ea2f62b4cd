import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { bundlePage, bundleProof, bundleSolver } from '../../../scripts/bundle.ts';

const types: Readonly<Record<string, string>> = {
  '/': 'text/html',
  '/page.js': 'text/javascript',
  '/daypass-proof.js': 'text/javascript',
  '/daypass-solver.js': 'text/javascript',
  '/style.css': 'text/css',
  '/favicon.svg': 'image/svg+xml',
};

const bundlers: Readonly<Record<string, () => Promise<string>>> = {
  '/page.js': () => bundlePage('demo/site/page.ts'),
  '/daypass-proof.js': bundleProof,
  '/daypass-solver.js': bundleSolver,
};
const bundled = new Map<string, Promise<string>>();

function contentOf(path: string): Promise<string> {
  const content =
    bundled.get(path) ??
    bundlers[path]?.() ??
    readFile(`demo/site${path === '/' ? '/index.html' : path}`, 'utf8');
  bundled.set(path, content);
  return content;
}

/**
 * Opens the demo page of a running site, as its sources stand, under the site's Content-Security-Policy.
 * @param faults gathers what the page throws and what its policy blocks
 */
export async function openDemo(context: BrowserContext, site: string, faults: string[]): Promise<Page> {
  const policy =
    /Content-Security-Policy: (.*)/.exec(await readFile('demo/site/_headers', 'utf8'))?.[1] ?? '';
  for (const [path, contentType] of Object.entries(types)) {
    await context.route(site + path, async (route) =>
      route.fulfill({
        body: await contentOf(path),
        headers: {
          'content-type': contentType,
          'content-security-policy': policy,
        },
      }),
    );
  }
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  // A refused request is an error on the console too, and what the lab is there for.
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().startsWith('Failed to load'))
      faults.push(message.text());
  });
  await page.goto(site);
  // The call on load is over, whatever came of it.
  await page.locator('#call-api[aria-disabled=false]').waitFor();
  return page;
}

/** Presses a button, and waits until its work is done. */
export async function press(page: Page, testId: string): Promise<void> {
  await page.getByTestId(testId).click();
  await page.locator(`[data-testid=${testId}][aria-disabled=false]`).waitFor();
}

export async function textOf(page: Page, testId: string): Promise<string> {
  return (await page.getByTestId(testId).textContent()) ?? '';
}

/** How wide the page is, and how wide the window: none scrolls sideways. */
export function widths(page: Page): Promise<number[]> {
  return page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
}
