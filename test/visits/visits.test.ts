import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Hono } from 'hono';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../dev/listen.ts';
import { bundleScript } from '../../scripts/bundle.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';

// The script tag in pages that libraries exchange without loading them, and in what they put into pages.

const libraries = {
  turbo: '@hotwired/turbo/dist/turbo.es2017-umd.js',
  htmx: 'htmx.org/dist/htmx.min.js',
  jquery: 'jquery/dist/jquery.min.js',
  jquery3: 'jquery3/dist/jquery.min.js',
};
const tag = '<script src="/daypass.js" data-api="/api/"></script>';

describeWith('visits')('libraries of pages', () => {
  describeWith('chromium')('in Chromium', () => {
    let browser: Browser;
    let script: string;
    let site: Listening;
    let page: Page;
    let logged: string[];
    let tokens: (string | undefined)[];

    beforeAll(async () => {
      [browser, script] = await Promise.all([launchBrowser(), bundleScript()]);
    });
    afterAll(() => browser.close());
    beforeEach(async () => {
      [logged, tokens] = [[], []];
      const app = new Hono();
      const js = (text: string) => new Response(text, { headers: { 'content-type': 'text/javascript' } });
      app.get('/daypass.js', () => js(script));
      for (const [name, file] of Object.entries(libraries)) {
        app.get(`/${name}.js`, () =>
          js(readFileSync(join(import.meta.dirname, 'node_modules', file), 'utf8')),
        );
      }
      app.get('/api/x', (c) => {
        tokens.push(c.req.header('authorization'));
        return c.json({});
      });
      app.post('/.netlify/identity/signup', (c) => c.json({ id: 'u', confirmed_at: 'now' }));
      app.post('/.netlify/identity/token', (c) => c.json({ access_token: 'identity' }));
      app.post('/session/token', (c) =>
        c.json({ access_token: 'access', expires_in: 300, session_expires_in: 3600 }),
      );
      app.get('/part', (c) => c.html(`<p>part</p>${tag}`));
      // `head`, `body` and `library` say what the page holds; the two pages link to each other.
      app.get('/:page{[ab]}', (c) => {
        const { search, searchParams } = new URL(c.req.url);
        const name = c.req.param('page');
        const at = (place: string) => (searchParams.get('at') === place ? tag : '');
        return c.html(`<!doctype html><html><head><title>${name}</title><link rel="icon" href="data:,">
          <script src="/${searchParams.get('library')}.js"></script>${at('head')}
          ${at('query').replace('.js', `.js?${name}`)}</head>
          <body hx-boost="true">${at('body')}${at('module').replace(' ', ' type="module" ')}
          <a id="next" href="/${name === 'a' ? 'b' : 'a'}${search}">next</a><div id="here"></div></body></html>`);
      });
      site = await listen((request) => app.fetch(request));
      page = await (await browser.newContext()).newPage();
      page.on('console', (message) => logged.push(message.text()));
      page.on('pageerror', (error) => logged.push(String(error)));
    });
    afterEach(async () => {
      await page.context().close();
      await site.close();
    });

    async function open(library: string, at: string): Promise<void> {
      await page.goto(`${site.url}/a?library=${library}&at=${at}`);
    }

    /** Keeps what the page has now, for `isSame`. */
    async function keep(): Promise<void> {
      await page.waitForFunction("'daypass' in globalThis");
      await page.evaluate(
        "void Object.assign(globalThis, { before: [daypass, fetch], heard: 0 }); void daypass.on('obtained', () => { heard += 1; })",
      );
    }
    const isSame = () => page.evaluate('before[0] === daypass && before[1] === fetch');
    const call = () => page.evaluate("fetch('/api/x').then(({ status }) => status)");

    describe.each([
      ['turbo', 'the head', 'head'],
      ['turbo', 'each head, with another query', 'query'],
      ['turbo', 'the body', 'body'],
      ['turbo', 'the body, as a module', 'module'],
      ['htmx', 'the body', 'body'],
    ])('visits by %s, with the tag in %s', (library, _, at) => {
      test('keep the session, its listeners and one fetch, back out of the cache too', async () => {
        await open(library, at);
        await keep();
        for (let visit = 0; visit < 6; visit += 1) {
          const next = (await page.title()) === 'a' ? 'b' : 'a';
          await page.click('#next');
          await expect.poll(() => page.title()).toBe(next);
        }
        await page.evaluate('void history.back()');
        await expect.poll(() => page.title()).toBe('b');
        expect(await isSame()).toBe(true);
        expect(await call()).toBe(200);
        expect([tokens, await page.evaluate('heard'), logged]).toEqual([['Bearer access'], 1, []]);
      });
    });

    test.each([
      ['jquery', `jQuery('#here').html(${JSON.stringify(tag)})`],
      ['jquery', `jQuery('#here').load('/part')`],
      ['jquery3', `jQuery('#here').html(${JSON.stringify(tag)})`],
      ['jquery3', `jQuery('#here').append(${JSON.stringify(tag)})`],
      ['htmx', `htmx.ajax('GET', '/part', '#here')`],
    ])('%s puts the tag into a page, and again: %s', async (library, put) => {
      await open(library, 'nowhere');
      await page.evaluate(`void ${put}`);
      await keep();
      for (const _ of [1, 2]) await page.evaluate(`void ${put}`);
      await expect.poll(() => page.locator('#here').innerHTML()).not.toBe('');
      expect(await isSame()).toBe(true);
      expect(await call()).toBe(200);
      expect([tokens, await page.evaluate('heard'), logged]).toEqual([['Bearer access'], 1, []]);
    });
  });
});
