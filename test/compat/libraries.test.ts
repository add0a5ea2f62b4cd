import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';
import { openPage, script, tag } from './support/page.ts';
import { type Site, startSite } from './support/site.ts';

// axios, ky, jQuery, Angular and htmx in an attached page see of the gated API what they see of the same API without a
// gate: by themselves, and (but htmx) with each of five wrappers before and after the tag.

describeWith('chromium')('clients', () => {
  describeWith('libraries of pages')('of HTTP', () => {
    let browser: Browser;
    let context: BrowserContext;
    let site: Site;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());
    beforeEach(async () => {
      site = await startSite();
      context = await browser.newContext();
    });
    afterEach(async () => {
      await context.close();
      await site.close();
    });

    let wanted: object | undefined;

    const run = async (page: Page, base: string): Promise<object> =>
      JSON.parse(await page.evaluate(`runClients('${base}')`));

    /** Runs every case with the open API in a page without the tag, and with the gated one in a page of these scripts. */
    async function compare(head: string): Promise<Page> {
      const clients = await script('clients.js');
      wanted ??= await run(await openPage(context, site, clients), '/open');
      const page = await openPage(context, site, head + clients);
      expect(await run(page, '/api')).toEqual(wanted);
      expect(Object.values(wanted).filter((result) => /^thrown/.test(result))).toEqual([]);
      expect(Object.keys(wanted)).toHaveLength(46);
      expect(site.calls.every(({ token }) => token)).toBe(true);
      return page;
    }

    test('by themselves', async () => {
      await compare(tag);
      expect(site.calls).toHaveLength(47);
    });

    test('when each token is refused once', async () => {
      const refused = new Set<string>();
      site.refuses = ({ line }) => {
        if (/never/.test(line) || refused.has(line)) return false;
        refused.add(line);
        return true;
      };
      await compare(tag);
    });

    describe.each(['sentry', 'datadog', 'otel', 'zone', 'msw'])('with %s', (name) => {
      test.each(['before', 'after'])('%s the tag: what it records is each call, once', async (order) => {
        const wrapper = await script(`${name}.js`);
        const page = await compare(order === 'before' ? wrapper + tag : tag + wrapper);
        // It records nothing.
        if (name === 'zone') return;
        const lines = site.calls.map(({ line }) => line);
        const recorded = async () => {
          const pairs: [string, string][] = await page.evaluate('recorded');
          return pairs
            .map(([method, url]) => ({ method, url: new URL(url, site.url) }))
            .filter(({ url }) => url.pathname.startsWith('/api/'))
            .map(({ method, url }) => `${method} ${url.pathname}${url.search}`)
            .sort();
        };
        // Some record a call a while after its end.
        await expect.poll(async () => (await recorded()).length).toBe(lines.length);
        expect(await recorded()).toEqual(lines.sort());
      });
    });

    test.each(['htmx2', 'htmx4'])('%s', async (name) => {
      const htmx = await script(`${name}.js`);
      const see = async (head: string, base: string) =>
        (await openPage(context, site, head)).evaluate(`runHtmx('${base}')`);
      const seen = await see(tag + htmx, '/api');
      expect(seen).toBe(await see(htmx, '/open'));
      expect(seen).toMatch(/made by the server.*hx-request.*a=1/);
      expect(site.calls.map(({ line, token }) => [line, token])).toEqual([
        ['GET /api/html', 'access-1'],
        ['POST /api/echo', 'access-1'],
        ['GET /api/echo', 'access-1'],
        ['GET /api/status?code=403', 'access-1'],
      ]);
    });
  });
});
