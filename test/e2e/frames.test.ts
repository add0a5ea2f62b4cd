import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Frame } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startDemo } from '../../demo/startDemo.ts';
import { type Listening, listen } from '../../dev/listen.ts';
import { readSettings } from '../../dev/server/settings.ts';
import type { RunningSite } from '../../dev/server/site.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser, recordRequests } from './support/browser.ts';

const hello = "fetch('/api/hello').then((response) => response.json()).then(({ you }) => you)";
/** What a frame is told when it asks for storage and a lock. */
const troubles = `(async () => {
  let storage = 'works';
  try { localStorage.setItem('probe', 'x'); } catch (error) { storage = error.name; }
  const lock = await navigator.locks.request('probe', () => 'works').catch((error) => error.name);
  return { origin, storage, lock };
})()`;

/**
 * Pages that a test plays come from no address, and could not reach this machine from another origin. Also takes back
 * what Playwright turns off: that storage in frames is kept apart by the site at the top.
 */
const reachable = '--disable-features=LocalNetworkAccessChecks';

describeWith('chromium')('in a frame', () => {
  let browser: Browser;
  let context: BrowserContext;
  /** A page of another site. */
  let elsewhere: Listening;
  beforeAll(async () => {
    const page = () => new Response('<!doctype html>', { headers: { 'content-type': 'text/html' } });
    [browser, elsewhere] = await Promise.all([launchBrowser(reachable), listen(page)]);
  });
  afterAll(async () => {
    await browser.close();
    await elsewhere.close();
  });
  beforeEach(async () => {
    context = await browser.newContext();
  });
  afterEach(() => context.close());

  function describeSite(title: string, input: PolicyInput, body: (server: () => RunningSite) => void): void {
    describe(title, () => {
      let server: RunningSite;
      beforeAll(async () => {
        const policy = definePolicy(input);
        server = await startDemo(readSettings({ PORT: '0' }, policy), policy);
      });
      afterAll(() => server.close());
      body(() => server);
    });
  }

  /**
   * Opens a page that frames one of the site with the script tag.
   * @param top where the page is
   * @param sandbox the frame's attribute; undefined for none
   * @param mayRead whether pages of other origins may read the site's files
   */
  async function openFrame(
    site: string,
    { top = site, sandbox, mayRead = false }: { top?: string; sandbox?: string; mayRead?: boolean },
  ): Promise<Frame> {
    const tag = '<script src="/daypass.js" data-api="/api/" data-proof="/daypass-proof.js"></script>';
    await context.route(`${site}/framed`, (route) =>
      route.fulfill({ contentType: 'text/html', body: `<!doctype html>${tag}` }),
    );
    if (mayRead) {
      const body = await readFile('dist/daypass-proof.js', 'utf8');
      const headers = { 'access-control-allow-origin': '*' };
      await context.route(`${site}/daypass-proof.js`, (route) =>
        route.fulfill({ contentType: 'text/javascript', headers, body }),
      );
    }
    const attribute = sandbox === undefined ? '' : `sandbox="${sandbox}"`;
    await context.route(`${top}/top`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<!doctype html><iframe src="${site}/framed" ${attribute}></iframe>`,
      }),
    );
    const page = await context.newPage();
    await page.goto(`${top}/top`);
    const frame = page.frames().find((one) => one.url() === `${site}/framed`);
    if (!frame) throw new Error('no frame');
    await frame.waitForLoadState();
    return frame;
  }

  const failure = (frame: Frame) =>
    frame.evaluate('daypass.token().then(() => undefined, ({ code, remedy }) => ({ code, remedy }))');

  const withWork: PolicyInput = {
    admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 50 } },
  };

  describeSite('of the site itself', withWork, (server) => {
    test('sandboxed with allow-same-origin: calls succeed, as the user of the page', async () => {
      const requests = recordRequests(context, server().url);
      const sandbox = 'allow-scripts allow-same-origin';
      const frame = await openFrame(server().url, { sandbox });
      expect(await frame.evaluate(troubles)).toEqual({
        origin: server().url,
        storage: 'works',
        lock: 'works',
      });
      const you = await frame.evaluate(hello);
      expect(you).toMatch(/^anon_/);
      const other = await openFrame(server().url, { sandbox });
      expect(await other.evaluate(hello)).toBe(you);
      expect(requests.filter((line) => line.endsWith('/signup'))).toHaveLength(1);
    });

    test('sandboxed without it has no origin: the broker refuses it, and the error says what to do', async () => {
      const frame = await openFrame(server().url, {
        sandbox: 'allow-scripts',
        mayRead: true,
      });
      expect(await frame.evaluate(troubles)).toEqual({
        origin: 'null',
        storage: 'SecurityError',
        lock: 'SecurityError',
      });
      expect(await failure(frame)).toMatchObject({
        code: 'network_error',
        remedy: expect.stringContaining('allow-same-origin'),
      });
    });

    describe('that a page of another site frames', () => {
      // By another host, since what follows a port is of the same site.
      const top = () => elsewhere.url.replace('localhost', '127.0.0.1');

      test('where the browser keeps storage apart: calls succeed, and each site has a user of its own', async () => {
        const frame = await openFrame(server().url, { top: top() });
        expect(await frame.evaluate(troubles)).toEqual({
          origin: server().url,
          storage: 'works',
          lock: 'works',
        });
        const you = await frame.evaluate(hello);
        expect(you).toMatch(/^anon_/);
        expect(await (await openFrame(server().url, { top: top() })).evaluate(hello)).toBe(you);
        expect(await (await openFrame(server().url, {})).evaluate(hello)).not.toBe(you);
      });

      test('where the browser gives it no storage: calls succeed, as one user', async () => {
        // A private window of a browser that does not keep storage apart.
        const older = await launchBrowser(`${reachable},ThirdPartyStoragePartitioning`);
        onTestFinished(() => older.close());
        context = await older.newContext();
        const frame = await openFrame(server().url, { top: top() });
        expect(await frame.evaluate(troubles)).toEqual({
          origin: server().url,
          storage: 'SecurityError',
          lock: 'SecurityError',
        });
        const you = await frame.evaluate(hello);
        expect(you).toMatch(/^anon_/);
        expect(await frame.evaluate(hello)).toBe(you);
      });
    });
  });

  describeSite("whose policy names the origin 'null'", { ...withWork, origins: ['null'] }, (server) => {
    test('sandboxed without allow-same-origin: calls succeed as one user, proof of work included', async () => {
      const requests = recordRequests(context, server().url);
      const frame = await openFrame(server().url, { sandbox: 'allow-scripts', mayRead: true });
      expect(await frame.evaluate('origin')).toBe('null');
      const users = (await frame.evaluate(`Promise.all([${hello}, ${hello}])`)) as string[];
      users.push(await frame.evaluate(hello));
      expect(users[0]).toMatch(/^anon_/);
      expect(new Set(users).size).toBe(1);
      const renewed = await frame.evaluate('daypass.token({ renew: true })');
      expect(renewed).toMatch(/^eyJ/);
      await frame.evaluate('daypass.revoke()');
      expect(requests.filter((line) => line.endsWith('/signup'))).toHaveLength(1);
      // Its memory ends with it.
      const again = await openFrame(server().url, { sandbox: 'allow-scripts', mayRead: true });
      expect(await again.evaluate(hello)).not.toBe(users[0]);
    });

    test('a proof whose file other origins may not read cannot be made, and the error says so', async () => {
      const frame = await openFrame(server().url, { sandbox: 'allow-scripts' });
      expect(await failure(frame)).toMatchObject({ code: 'proof_failed' });
    });
  });
});
