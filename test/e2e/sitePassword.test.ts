import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSite } from '../../dev/server/site.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser } from './support/browser.ts';
import { startTunnel, type Tunnel } from './support/tunnel.ts';
import { describeWays } from './support/ways.ts';

const credentials = { username: 'visitor', password: 'a long one' };
const basic = `Basic ${btoa(`${credentials.username}:${credentials.password}`)}`;

describeWith('openssl')('with a certificate of its own', () => {
  describeWith('chromium')('a site that asks for a password', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());

    describeWays((start) => {
      let tunnel: Tunnel;
      let server: RunningSite;
      beforeAll(async () => {
        // As the platform's own: every address of the site, the broker and Identity too.
        tunnel = await startTunnel({
          guard: ({ headers }, response) => {
            if (headers.authorization === basic) return false;
            response.writeHead(401, { 'www-authenticate': 'Basic realm="site"' }).end('Who are you?');
            return true;
          },
        });
        server = await start({ variables: { PUBLIC_URL: tunnel.url } });
        tunnel.leadTo(server.url);
      });
      afterAll(async () => {
        await server?.close();
        await tunnel.close();
      });

      /** What a script tag's page gets, from a cold start. */
      async function visit(attributes: string): Promise<unknown> {
        const context = await browser.newContext({ ignoreHTTPSErrors: true, httpCredentials: credentials });
        try {
          const page = await context.newPage();
          const tag = `<script src="/daypass.js" data-api="/api/" ${attributes}></script>`;
          await page.route('**/test-page', (route) => route.fulfill({ contentType: 'text/html', body: tag }));
          await page.goto(`${tunnel.url}/test-page`);
          return await page.evaluate(async () => {
            const response = await fetch('/api/hello').catch((error) => error);
            return response.status === 200 ? await response.json() : (response.status ?? String(response));
          });
        } finally {
          await context.close();
        }
      }

      test('signs up, exchanges and calls with the token in X-Daypass', async () => {
        expect(await visit('data-header="X-Daypass"')).toMatchObject({
          message: expect.stringMatching(/^Hello/),
        });
      });

      test('refuses the token in Authorization, where its password belongs', async () => {
        expect(await visit('')).toBe(401);
      });
    });
  });
});
