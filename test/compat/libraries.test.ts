import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';
import { openPage, script, tag } from './support/page.ts';
import { type Site, startSite } from './support/site.ts';

// axios, ky and jQuery in an attached page see of the gated API what they see of the same API without a gate: by
// themselves, and with each of five wrappers before and after the tag.

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

    /** Runs every case with the open API in a page without the tag, and with the gated one in a page of these scripts. */
    async function compare(head: string): Promise<void> {
      const clients = await script('clients.js');
      const run = async (page: string, base: string): Promise<unknown> =>
        JSON.parse(await (await openPage(context, site, page + clients)).evaluate(`runClients('${base}')`));
      const wanted = await run('', '/open');
      expect(await run(head, '/api')).toEqual(wanted);
      expect(Object.keys(wanted as object)).toHaveLength(18);
      expect(site.calls.every(({ token }) => token)).toBe(true);
    }

    test('by themselves', async () => {
      await compare(tag);
      expect(site.calls).toHaveLength(19);
    });

    test('when each token is refused once', async () => {
      site.refuses = ({ line }, earlier) =>
        !/never/.test(line) && !earlier.some((call) => call.line === line);
      await compare(tag);
    });

    test.each(['sentry', 'datadog', 'otel', 'zone', 'msw'])(
      'with %s before the tag, and after it',
      async (name) => {
        const wrapper = await script(`${name}.js`);
        await compare(wrapper + tag);
        const calls = site.calls.splice(0).length;
        await compare(tag + wrapper);
        expect([calls, site.calls.length]).toEqual([19, 19]);
      },
    );
  });
});
