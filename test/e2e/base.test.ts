import { readFile } from 'node:fs/promises';
import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';
import { bundle, launchBrowser } from './support/browser.ts';

// What docs/operations.md says of pages with a <base>: relative addresses, ours and the page's, are that base's.

const site = 'https://page.example';
const elsewhere = 'https://elsewhere.example';

/** Answers as Identity, broker and API do, on whatever origin they are asked. */
const answers: Readonly<Record<string, object>> = {
  '/.netlify/identity/signup': { id: 'u', confirmed_at: 'now' },
  '/.netlify/identity/token': { access_token: 'identity' },
  '/session/token': { access_token: 'access', expires_in: 300, session_expires_in: 3600 },
  '/api/hello': { message: 'Hello' },
};

const cors = {
  'access-control-allow-origin': site,
  'access-control-allow-headers': 'authorization, content-type',
};

describeWith('chromium')('a page with an absolute <base>', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  /** Opens it, and collects its calls: URL and whether they carry the pass. */
  async function open(script: string): Promise<{ page: Page; calls: string[] }> {
    const page = await browser.newPage();
    const calls: string[] = [];
    const body = `<!doctype html><title>test</title><base href="${elsewhere}/sub/page">${script}`;
    const tag = await readFile('dist/daypass.js', 'utf8');
    await page.route('**/*', async (route: Route) => {
      const request = route.request();
      const { pathname, href } = new URL(request.url());
      if (pathname === '/page') return route.fulfill({ contentType: 'text/html', body });
      if (pathname === '/daypass.js') return route.fulfill({ contentType: 'text/javascript', body: tag });
      if (pathname === '/favicon.ico') return route.fulfill({ status: 204 });
      const authorization = (await request.allHeaders()).authorization;
      if (request.method() !== 'OPTIONS')
        calls.push(`${href}${authorization === 'Bearer access' ? ' with pass' : ''}`);
      return route.fulfill({ headers: cors, json: answers[pathname] ?? {} });
    });
    await page.goto(`${site}/page`);
    return { page, calls };
  }

  const coldStart = [
    `${elsewhere}/.netlify/identity/signup`,
    `${elsewhere}/.netlify/identity/token`,
    `${elsewhere}/session/token`,
    `${elsewhere}/api/hello with pass`,
  ];

  test.each([
    ['the script tag', async () => `<script src="${site}/daypass.js" data-api="/api/"></script>`],
    [
      'the module',
      async () =>
        `<script type="module">${await bundle(`
          import { createSession } from './client/index.ts';
          createSession().attach(['/api/']);
        `)}</script>`,
    ],
  ])('%s asks Identity, broker and API there, alike', async (_, script) => {
    const { page, calls } = await open(await script());
    await page.evaluate("fetch('/api/hello')");
    expect(calls).toEqual(coldStart);
    // The site's own address is outside the prefix then.
    await page.evaluate(`fetch('${site}/api/hello')`);
    expect(calls.slice(4)).toEqual([`${site}/api/hello`]);
    await page.close();
  });

  test('absolute addresses stay where they are', async () => {
    const tag = `<script src="${site}/daypass.js" data-api="${site}/api/" data-identity-url="${site}/.netlify/identity" data-broker-url="${site}/session"></script>`;
    const { page, calls } = await open(tag);
    await page.evaluate(`fetch('${site}/api/hello')`);
    expect(calls).toEqual(coldStart.map((call) => call.replace(elsewhere, site)));
    await page.close();
  });
});
