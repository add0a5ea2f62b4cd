import { readFile } from 'node:fs/promises';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import policy from '../../daypass.config.ts';
import { startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import type { RunningSite } from '../../dev/server/site.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { bundle, launchProfile, openPage, recordRequests } from './support/browser.ts';
import { useSite } from './support/useSite.ts';

const coldStart = ['POST /.netlify/identity/signup', 'POST /.netlify/identity/token', 'POST /session/token'];
const hello = "fetch('/api/hello').then((response) => response.json()).then(({ you }) => you)";
const tag = '<script src="/daypass.js" data-api="/api/" data-proof="/daypass-proof.js"></script>';

describeWith('chromium')('where storage fails', () => {
  let context: BrowserContext;
  let server: RunningSite;
  let requests: string[];
  afterEach(() => context.close());

  /** What the page itself is told when it asks for storage, a lock, and a worker. */
  const troubles = (page: Page) =>
    page.evaluate(async () => {
      const nameOf = (error: unknown) => (error as Error).name;
      let storage = 'works';
      try {
        localStorage.setItem('probe', 'x');
      } catch (error) {
        storage = nameOf(error);
      }
      const lock = await navigator.locks.request('probe', () => 'works').catch(nameOf);
      return { storage, lock };
    });

  describe.each([
    ['none', undefined],
    ['proof of work', { proof: 'proof-of-work', proofOfWork: { difficulty: 50 } }],
  ] as const)('a profile that blocks site data, proof: %s', (_, admission) => {
    beforeAll(async () => {
      const given = admission ? definePolicy({ admission }) : policy;
      server = await startDemo(readSettings({ PORT: '0' }, given), given);
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      context = await launchProfile({ profile: { default_content_setting_values: { cookies: 2 } } });
      requests = recordRequests(context, server.url);
    });
    const signUps = () => requests.filter((line) => coldStart.includes(line));

    test('calls of the attached page succeed, as one user', async () => {
      const page = await openPage(context, server.url, { html: tag });
      expect(await troubles(page)).toEqual({ storage: 'SecurityError', lock: 'SecurityError' });
      const users = await page.evaluate(`Promise.all([${hello}, ${hello}])`);
      const later = await page.evaluate(hello);
      expect(new Set([...(users as string[]), later]).size).toBe(1);
      expect(later).toMatch(/^anon_/);
      expect(signUps()).toEqual(coldStart);
    });

    test('revoke() ends the session, and the next call begins another', async () => {
      const page = await openPage(context, server.url, { html: tag });
      const first = await page.evaluate(hello);
      await page.evaluate('daypass.revoke()');
      expect(await page.evaluate(hello)).not.toBe(first);
    });

    test('a worker of the page makes a call', async () => {
      const worker = await bundle(`
        import { createSession } from './client/index.ts';
        import { prove } from './client/proof/prove.ts';
        const site = '${server.url}';
        const session = createSession({
          identityUrl: site + '/.netlify/identity',
          brokerUrl: site + '/session',
          prove,
        });
        session.fetch(site + '/api/hello').then(({ status }) => status, String).then(postMessage);
      `);
      const page = await openPage(context, server.url, {});
      const answer = page.evaluate((code) => {
        const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
        const worker = new Worker(url, { type: 'module' });
        return new Promise((resolve) => {
          worker.onmessage = ({ data }) => resolve(data);
        });
      }, worker);
      expect(await answer).toBe(200);
    });
  });
});

describeWith('chromium')('where storage or locks are of no use', () => {
  const site = useSite(() => startDemo(readSettings({ PORT: '0' }, policy), policy));

  test.each([
    ['localStorage is full', "localStorage.filler = 'x'.repeat(5 * 1024 * 1024 - 'filler'.length)"],
    ['localStorage keeps nothing', 'Storage.prototype.setItem = () => {}'],
    ['localStorage is null', "Object.defineProperty(globalThis, 'localStorage', { value: null })"],
    ['there are no locks', "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"],
  ])('%s: eight calls make one user', async (_, script) => {
    await site.context.addInitScript(script);
    const page = await openPage(site.context, site.server.url, { html: tag });
    const users = new Set();
    for (let call = 0; call < 8; call += 1) users.add(await page.evaluate(hello));
    expect([...users]).toEqual([expect.stringMatching(/^anon_/)]);
    expect(site.requests.filter((line) => line.endsWith('/signup'))).toHaveLength(1);
  });

  test('a tab that holds the lock without end keeps no other from its calls', async () => {
    const other = await openPage(site.context, site.server.url, { html: tag });
    await other.evaluate(`new Promise((granted) => {
      void navigator.locks.request('daypass /session  ', () => {
        granted();
        return new Promise(() => {});
      });
    })`);
    // The wait for the lock is the first; it is over at once, and no other.
    await site.context.addInitScript(`
      const { timeout } = AbortSignal;
      AbortSignal.timeout = () => {
        AbortSignal.timeout = timeout;
        return timeout.call(AbortSignal, 100);
      };
    `);
    const page = await openPage(site.context, site.server.url, { html: tag });
    const held = 'navigator.locks.query().then(({ held }) => held.map(({ name }) => name))';
    expect(await page.evaluate(held)).toEqual(['daypass /session  ']);
    expect(await page.evaluate(hello)).toMatch(/^anon_/);
  });
});

describeWith('chromium')('a service worker', () => {
  const given = definePolicy({ admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 50 } } });
  const site = useSite(() => startDemo(readSettings({ PORT: '0' }, given), given));

  /** A service worker that calls the API for the page, and says which user it was and when it was started. */
  const source = (session: string) => `
    ${session}
    const start = crypto.randomUUID();
    addEventListener('install', () => skipWaiting());
    addEventListener('activate', (event) => event.waitUntil(clients.claim()));
    addEventListener('fetch', (event) => {
      if (!new URL(event.request.url).pathname.startsWith('/api/')) return;
      event.respondWith(
        session.fetch(event.request).then(
          async (response) => Response.json({ ...(await response.json()), start }),
          (error) => Response.json({ error: String(error) }),
        ),
      );
    });
  `;

  /**
   * Calls the API five times, and stops the worker after each.
   * @param session code that makes it, by the names of the package
   */
  async function visit(session: string) {
    const names = { daypass: './client/index.ts', 'daypass/proof': './client/proof/prove.ts' };
    let code = source(session);
    for (const [name, file] of Object.entries(names)) code = code.replace(`from '${name}'`, `from '${file}'`);
    const body = await bundle(code);
    await site.context.route(`${site.server.url}/sw.js`, (route) =>
      route.fulfill({ contentType: 'text/javascript', body }),
    );
    const page = await openPage(site.context, site.server.url, {});
    await page.evaluate(`(async () => {
      const controlled = new Promise((tell) => navigator.serviceWorker.addEventListener('controllerchange', tell));
      await navigator.serviceWorker.register('/sw.js', { type: 'module' });
      await controlled;
    })()`);
    const devTools = await site.context.newCDPSession(page);
    await devTools.send('ServiceWorker.enable');
    const seen: { you: string; start: string }[] = [];
    for (let start = 0; start < 5; start += 1) {
      seen.push(await page.evaluate("fetch('/api/hello').then((response) => response.json())"));
      await devTools.send('ServiceWorker.stopAllWorkers');
    }
    expect(seen.filter((answer) => 'error' in answer)).toEqual([]);
    // Each call had a worker of its own.
    expect(new Set(seen.map(({ start }) => start)).size).toBe(5);
    return seen.map(({ you }) => you);
  }

  test('keeps one user over five starts, with a storage of IndexedDB, and works out the proof itself', async () => {
    const docs = await readFile('docs/pages.md', 'utf8');
    const blocks = [...docs.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
    const users = await visit(blocks.find((block) => block.includes('indexedDB')) ?? '');
    expect(users[0]).toMatch(/^anon_/);
    expect(new Set(users).size).toBe(1);
  });

  test('has no localStorage: without a storage each start makes a user, and each call succeeds', async () => {
    const session = `
      import { createSession } from 'daypass';
      import { prove } from 'daypass/proof';
      const session = createSession({ prove });
    `;
    expect(new Set(await visit(session)).size).toBe(5);
  });
});
