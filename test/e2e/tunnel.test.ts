import { decodeJwt } from 'jose';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';
import { launchBrowser, openPage } from './support/browser.ts';
import { startTunnel } from './support/tunnel.ts';
import { describeWays } from './support/ways.ts';

const page = `
  import { createSession } from './client/index.ts';
  const session = createSession();
  session
    .fetch('/api/hello')
    .then(async (response) => [response.status, await response.json(), await session.token()])
    .then((answer) => { window.answer = answer; }, (error) => { window.answer = [String(error)]; });
`;

describeWith('openssl')('with a certificate of its own', () => {
  describeWith('chromium')('a site behind a tunnel that ends TLS', () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());

    /** What the page of an address gets from a cold start. */
    async function visit(url: string): Promise<unknown[]> {
      const context = await browser.newContext({ ignoreHTTPSErrors: true });
      try {
        const opened = await openPage(context, url, { source: page });
        return (await (await opened.waitForFunction('window.answer')).jsonValue()) as unknown[];
      } finally {
        await context.close();
      }
    }

    describeWays((start) => {
      test('answers its visitors and the browser of this machine, and is the issuer of all tokens', async () => {
        const tunnel = await startTunnel();
        const server = await start({ variables: { PUBLIC_URL: tunnel.url } });
        tunnel.leadTo(server.url);
        try {
          for (const url of [tunnel.url, server.url]) {
            const [status, answer, token] = await visit(url);
            expect(answer).toMatchObject({ message: expect.stringMatching(/^Hello/) });
            expect(status).toBe(200);
            expect(decodeJwt(String(token)).iss).toBe(tunnel.url);
          }
        } finally {
          await server.close();
          await tunnel.close();
        }
      });

      test('refuses visitors of a tunnel that it was not told of, and names the setting', async () => {
        const tunnel = await startTunnel();
        const server = await start();
        tunnel.leadTo(server.url);
        try {
          const [error] = await visit(tunnel.url);
          expect(error).toContain(`start it with PUBLIC_URL=${tunnel.url}`);
        } finally {
          await server.close();
          await tunnel.close();
        }
      });
    });
  });
});
