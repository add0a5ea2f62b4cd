import { readFile } from 'node:fs/promises';
import { decodeJwt } from 'jose';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { RunningSite } from '../../dev/server/site.ts';
import { describeWith } from '../support/optional.ts';
import { bundle, launchBrowser, openPage, recordRequests } from './support/browser.ts';
import { describeWays, ways } from './support/ways.ts';

const sessionPage = `
  import { createSession } from './client/index.ts';
  window.session = createSession();
`;
const hello = "session.fetch('/api/hello').then((response) => response.json())";
// Each backend adds its own words.
const greeting = /^Hello, visitor\./;
const coldStart = [
  'POST /.netlify/identity/signup',
  'POST /.netlify/identity/token',
  'POST /session/token',
  'GET /api/hello',
];

interface Hello {
  message: string;
  you: string;
}

describeWith('chromium')('the client', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describeWays((start) => {
    let server: RunningSite;
    let context: BrowserContext;
    let requests: string[];
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      context = await browser.newContext();
      requests = recordRequests(context, server.url);
    });
    afterEach(() => context.close());

    const open = (html = '', source = sessionPage) => openPage(context, server.url, { html, source });
    const callHello = (page: Page) => page.evaluate(hello) as Promise<Hello>;

    test('a cold start is four requests, a warm call one, a warm start one', async () => {
      const page = await open();
      const first = await callHello(page);
      expect(first.message).toMatch(greeting);
      expect(requests.splice(0)).toEqual(coldStart);
      expect((await callHello(page)).you).toBe(first.you);
      expect(requests.splice(0)).toEqual(['GET /api/hello']);
      const second = await open();
      expect((await callHello(second)).you).toBe(first.you);
      expect(requests.splice(0)).toEqual(['GET /api/hello']);
    });

    test('two tabs opened at once make one session', async () => {
      const tabs = await Promise.all([open(), open()]);
      const answers = await Promise.all(tabs.map(callHello));
      expect(answers[0]?.you).toBe(answers[1]?.you);
      expect(requests.sort()).toEqual([...coldStart, 'GET /api/hello'].sort());
    });

    test('a renewal stays in its session and costs one request', async () => {
      const page = await open();
      const { you } = await callHello(page);
      requests.length = 0;
      const token = (await page.evaluate('session.token({ renew: true })')) as string;
      expect(requests).toEqual(['POST /session/token']);
      expect(decodeJwt(token).sub).toBe(you);
    });

    test('a revoked session is over at the next request, and the next call begins another', async () => {
      const page = await open();
      const { you } = await callHello(page);
      const token = (await page.evaluate('session.token()')) as string;
      await page.evaluate('session.revoke()');
      const refused = await fetch(`${server.url}/api/hello`, {
        headers: { authorization: `Bearer ${token}` },
      });
      expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
        401,
        'token_revoked',
      ]);
      expect((await callHello(page)).you).not.toBe(you);
    });

    test('a session that was revoked elsewhere is replaced without the page noticing', async () => {
      const page = await open();
      const { you } = await callHello(page);
      const token = (await page.evaluate('session.token()')) as string;
      await fetch(`${server.url}/session/revoke`, { method: 'POST', body: new URLSearchParams({ token }) });
      const again = await callHello(page);
      expect(again.message).toMatch(greeting);
      expect(again.you).not.toBe(you);
    });

    test('a member of the site stays signed in, and keeps the GoTrue of the page', async () => {
      const page = await open(
        '',
        `
          import GoTrue from 'gotrue-js';
          import { createSession } from './client/index.ts';
          window.GoTrueOfThePage = window.GoTrue;
          window.auth = new GoTrue({ APIUrl: '/.netlify/identity' });
          window.session = createSession();
        `,
      );
      const email = `member-${crypto.randomUUID()}@example.com`;
      await page.evaluate(
        `auth.signup('${email}', 'correct-horse').then(() => auth.login('${email}', 'correct-horse', true))`,
      );
      const saved = await page.evaluate("localStorage.getItem('gotrue.user')");
      await callHello(page);
      expect(await page.evaluate('auth.currentUser().email')).toBe(email);
      expect(await page.evaluate("localStorage.getItem('gotrue.user')")).toBe(saved);
      expect(await page.evaluate('window.GoTrue === window.GoTrueOfThePage')).toBe(true);
      // And still after the page was loaded anew.
      await page.reload();
      await callHello(page);
      expect(await page.evaluate('auth.currentUser().email')).toBe(email);
    });

    test('what is stored is the access token alone', async () => {
      const bodies: string[] = [];
      context.on('request', (request) => bodies.push(request.postData() ?? ''));
      const page = await open();
      await callHello(page);
      const stored = (await page.evaluate(
        'JSON.stringify({ ...localStorage, ...sessionStorage })',
      )) as string;
      const token = (await page.evaluate('session.token()')) as string;
      expect(stored).toContain(token);
      // One JWT: the claims of any other would start like this too.
      expect(stored.match(/\.eyJ/g)).toHaveLength(1);
      const { password } = JSON.parse(bodies.find((body) => body.includes('password')) ?? '{}') as {
        password: string;
      };
      expect(password.length).toBeGreaterThan(20);
      expect(stored).not.toContain(password);
      expect(await page.evaluate('typeof window.GoTrue')).toBe('undefined');
    });

    test('one script tag attaches itself to the API, and to nothing else', async () => {
      const script = await readFile('dist/daypass.js', 'utf8');
      await context.route(`${server.url}/daypass.js`, (route) =>
        route.fulfill({ contentType: 'text/javascript', body: script }),
      );
      const page = await open('<script src="/daypass.js" data-api="/api/"></script>', '');
      const answer = (await page.evaluate("fetch('/api/hello').then((r) => r.json())")) as Hello;
      expect(answer.message).toMatch(greeting);
      expect(requests.splice(0)).toEqual(coldStart);
      const seen: (string | undefined)[] = [];
      context.on('request', (request) => seen.push(request.headers().authorization));
      await page.evaluate(
        "fetch('/apiary'); fetch('/session/status'); fetch('/api/hello', { headers: { authorization: 'Basic x' } })",
      );
      await page.waitForTimeout(300);
      expect(seen).toEqual([undefined, undefined, 'Basic x']);
      expect(await page.evaluate('daypass.token()')).toMatch(/^eyJ/);
    });

    test('works in a worker', async () => {
      const worker = await bundle(`
        import { createSession } from './client/index.ts';
        // A worker made of a blob has no address that relative ones could start from.
        const site = '${server.url}';
        const session = createSession({ identityUrl: site + '/.netlify/identity', brokerUrl: site + '/session' });
        session.fetch(site + '/api/hello').then((response) => response.json()).then(postMessage, (error) => postMessage(String(error)));
      `);
      const page = await open();
      await page.evaluate((code) => {
        const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
        const worker = new Worker(url, { type: 'module' });
        const answer = new Promise((resolve) => {
          worker.onmessage = (event) => resolve(event.data);
        });
        Object.assign(window, { answer });
      }, worker);
      expect(await page.evaluate('window.answer')).toMatchObject({
        message: expect.stringMatching(greeting),
      });
    });
  });

  describe('with a setting of Identity missing', () => {
    const refusal =
      "session.token().then(() => 'no error', (error) => ({ code: error.code, message: error.message }))";

    test.each([
      ['registration closed', { registration: 'closed' }, /Project configuration > Identity.*Open/],
      [
        'autoconfirm off',
        { autoconfirm: false },
        /Project configuration > Identity.*without verifying their email address/,
      ],
    ] as const)('%s: the error names it and where', async (_, identity, remedy) => {
      const [, start] = ways[0] as (typeof ways)[number];
      const server = await start({ identity });
      const context = await browser.newContext();
      const page = await openPage(context, server.url, { source: sessionPage });
      const error = (await page.evaluate(refusal)) as { message: string };
      expect(error.message).toMatch(remedy);
      await context.close();
      await server.close();
    });
  });
});
