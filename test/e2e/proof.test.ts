import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Session, SessionError } from '../../client/index.ts';
import { createWork, readProof } from '../client/support/challenge.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser } from './support/browser.ts';
import { begin, openProofPage } from './support/proofPage.ts';
import { type ProofSite, startProofSite } from './support/proofSite.ts';

const withProof = 'data-proof="/daypass-proof.js"';
const signUp = ['POST /.netlify/identity/signup', 'POST /.netlify/identity/token', 'POST /session/token'];

describeWith('chromium')('the proof of a sign-up', () => {
  let browser: Browser;
  let context: BrowserContext;
  let site: ProofSite;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    [context, site] = await Promise.all([browser.newContext(), startProofSite()]);
  });
  afterEach(async () => {
    await context.close();
    await site.close();
  });

  const proofs = () => site.signUps.map(({ data }) => data?.daypass_proof);

  describe('by work', () => {
    test('is made in workers while the page goes on, and the page’s policy allows it', async () => {
      await context.addInitScript(() => {
        Object.defineProperty(navigator, 'hardwareConcurrency', { value: 4 });
        const workers: string[] = [];
        // Counted where they are made: one that has ended by then is reported to nobody.
        globalThis.Worker = class extends Worker {
          constructor(url: string | URL, options?: WorkerOptions) {
            super(url, options);
            workers.push(new URL(url, location.href).href);
          }
        };
        Object.assign(globalThis, { workersMade: workers });
      });
      const work = await createWork({ counter: 3000, cost: 1000 });
      site.challenge = work;
      const { page, faults } = await openProofPage(context, site.url, withProof);
      const { told, ticks, code } = await begin(page);

      expect([code, faults]).toEqual([undefined, []]);
      expect(await readProof(proofs()[0])).toEqual({ challenge: work.challenge, verified: true });
      const workers = await page.evaluate(() => (globalThis as { workersMade?: string[] }).workersMade);
      expect(workers).toEqual(Array(3).fill(`${site.url}/daypass-solver.js`));
      await expect.poll(() => page.workers()).toEqual([]);
      expect(ticks).toBeGreaterThan(5);

      const fractions = told.map(({ fraction }) => fraction);
      expect(fractions.length).toBeGreaterThan(2);
      expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
      expect(told[0]).toEqual({ fraction: 0 });
      expect(told.at(-1)).toEqual({ fraction: 1, milliseconds: expect.any(Number) });
    });

    test('nothing for it is loaded before the first call, nor by a page that has a token', async () => {
      site.challenge = await createWork();
      const { page } = await openProofPage(context, site.url, withProof);
      await page.waitForLoadState('networkidle');
      expect(site.requests.splice(0)).toEqual(['GET /daypass.js']);
      await begin(page);
      const [proof, challenge, ...rest] = site.requests.splice(0);
      expect([proof, challenge]).toEqual(['GET /daypass-proof.js', 'GET /session/challenge']);
      expect(new Set(rest)).toEqual(new Set(['GET /daypass-solver.js', ...signUp]));
      const other = await openProofPage(context, site.url, withProof);
      await begin(other.page);
      expect(site.requests).toEqual(['GET /daypass.js']);
    });

    test('without data-proof nothing for it is asked for, and a sign-up is what it was', async () => {
      site.challenge = await createWork();
      const { page } = await openProofPage(context, site.url, '');
      expect((await begin(page)).told).toEqual([]);
      expect(site.requests).toEqual(['GET /daypass.js', ...signUp]);
      expect(site.signUps.map(Object.keys)).toEqual([['email', 'password']]);
    });

    test.each([
      ['without data-proof is told of it', ''],
      ['with it is not', withProof],
    ])('where the sign-up is denied, a page %s', async (_, attributes) => {
      await context.route('**/.netlify/identity/signup', (route) =>
        route.fulfill({ status: 422, json: { code: 422, msg: 'Failed to handle signup webhook' } }),
      );
      const { page } = await openProofPage(context, site.url, attributes);
      const { code, remedy } = await page.evaluate(() =>
        (globalThis as unknown as { daypass: Session }).daypass.token().then(
          () => ({ code: undefined, remedy: undefined }),
          ({ code, remedy }: SessionError) => ({ code, remedy }),
        ),
      );
      expect(code).toBe('admission_denied');
      if (attributes) expect(remedy).toBeUndefined();
      else expect(remedy).toContain(withProof);
    });

    test('a site that asks for none spares the solver', async () => {
      const { page } = await openProofPage(context, site.url, withProof);
      expect((await begin(page)).told).toEqual([]);
      expect(site.requests).toEqual([
        'GET /daypass.js',
        'GET /daypass-proof.js',
        'GET /session/challenge',
        ...signUp,
      ]);
      expect(site.signUps.map(Object.keys)).toEqual([['email', 'password']]);
    });

    test('data-proof is resolved as the page resolves addresses', async () => {
      site.challenge = await createWork();
      const { page } = await openProofPage(context, site.url, 'data-proof="daypass-proof.js"');
      await begin(page);
      expect(site.requests).toContain('GET /deep/daypass-proof.js');
      expect(site.requests).toContain('GET /deep/daypass-solver.js');
      expect(proofs()).toEqual([expect.any(String)]);
    });

    test.each([
      ['/daypass-proof.js', /^Failed to fetch dynamically imported module/],
      ['/daypass-solver.js', /^The solver could not be loaded/],
    ])('%s that is missing is told, and nobody signs up', async (path, reason) => {
      site.challenge = await createWork();
      site.missing.add(path);
      const { page } = await openProofPage(context, site.url, withProof);
      expect(await begin(page)).toMatchObject({
        code: 'proof_failed',
        reason: expect.stringMatching(reason),
      });
      expect(site.signUps).toEqual([]);
    });

    test('what the solver cannot do is told with its reason', async () => {
      const work = await createWork();
      work.challenge.parameters.algorithm = 'ARGON2ID';
      site.challenge = work;
      const { page } = await openProofPage(context, site.url, withProof);
      expect(await begin(page)).toMatchObject({
        code: 'proof_failed',
        reason: expect.stringContaining('Unsupported algorithm: ARGON2ID'),
      });
      await expect.poll(() => page.workers()).toEqual([]);
    });

    test('work that takes too long is ended, and asked for once more', async () => {
      site.challenge = await createWork({ counter: 1e9, expiresInSeconds: 5.3 });
      const { page } = await openProofPage(context, site.url, withProof);
      expect(await begin(page)).toMatchObject({ code: 'proof_expired' });
      await expect.poll(() => page.workers()).toEqual([]);
      expect(site.requests.filter((line) => line === 'GET /session/challenge')).toHaveLength(2);
    });
  });

  describe('by Turnstile', () => {
    const api = 'https://challenges.cloudflare.com';
    const policy = `script-src 'self' ${api}; connect-src 'self'; frame-src ${api}`;
    /** A stand-in for Turnstile's script: a widget that does what `act` says, and remembers what it was given. */
    const apiScript = (act: string) => `
      window.rendered = [];
      window.removed = [];
      window.turnstile = {
        render(container, options) {
          rendered.push({ sitekey: options.sitekey, appearance: options.appearance, shown: container.isConnected });
          setTimeout(() => { ${act} });
          container.append(document.createElement('iframe'));
          return 'widget-' + rendered.length;
        },
        remove(widget) { removed.push(widget); },
      };`;
    let loads: string[];

    async function open(body: string): Promise<Page> {
      loads = [];
      await context.route(`${api}/**`, (route) => {
        loads.push(route.request().url());
        return route.fulfill({ contentType: 'text/javascript', body });
      });
      site.challenge = { proof: 'turnstile', site_key: 'the-site-key' };
      return (await openProofPage(context, site.url, withProof, policy)).page;
    }
    const remains = (page: Page) => page.evaluate('[removed, document.querySelectorAll("iframe").length]');

    test('takes the widget’s token, and leaves no widget behind', async () => {
      const page = await open(apiScript("options.callback('token-' + rendered.length)"));
      const { told, code } = await begin(page);
      expect(code).toBeUndefined();
      expect(told).toEqual([{ fraction: 1, milliseconds: expect.any(Number) }]);
      expect(await page.evaluate('rendered')).toEqual([
        { sitekey: 'the-site-key', appearance: 'interaction-only', shown: true },
      ]);
      expect(await remains(page)).toEqual([['widget-1'], 0]);

      await page.evaluate('daypass.revoke()');
      await begin(page);
      expect(proofs()).toEqual(['token-1', 'token-2']);
      expect(loads).toEqual([`${api}/turnstile/v0/api.js?render=explicit`]);
    });

    test('elements of the page that have the names of what is used are passed over', async () => {
      const page = await open(apiScript("options.callback('token')"));
      await page.evaluate(() => {
        const names = ['head', 'body', 'documentElement'];
        document.documentElement.insertAdjacentHTML(
          'beforeend',
          `<p><img id="turnstile">${names.map((name) => `<img name="${name}">`).join('')}</p>`,
        );
      });
      expect((await begin(page)).code).toBeUndefined();
      expect(proofs()).toEqual(['token']);
    });

    test('the widget’s error code is told, and nobody signs up', async () => {
      const page = await open(apiScript("options['error-callback']('110200')"));
      expect(await begin(page)).toMatchObject({ code: 'proof_failed', reason: 'Turnstile: error 110200' });
      expect(await remains(page)).toEqual([['widget-1'], 0]);
      expect(site.signUps).toEqual([]);
    });

    test.each([
      ['timeout-callback', 'Turnstile: the visitor did not click in time'],
      ['unsupported-callback', 'Turnstile: this browser is not supported'],
    ])('so is %s', async (callback, reason) => {
      const page = await open(apiScript(`options['${callback}']()`));
      expect(await begin(page)).toMatchObject({ code: 'proof_failed', reason });
      expect(await remains(page)).toEqual([['widget-1'], 0]);
    });

    test('a script that is something else is told', async () => {
      const page = await open('');
      expect(await begin(page)).toMatchObject({ code: 'turnstile_unavailable' });
    });

    test('a script that cannot be loaded is told, and tried again with the next sign-up', async () => {
      const page = await open(apiScript("options.callback('token')"));
      await context.route(`${api}/**`, (route) => route.abort(), { times: 1 });
      expect(await begin(page)).toMatchObject({
        code: 'turnstile_unavailable',
        reason: 'Turnstile could not be loaded',
      });
      expect(await page.evaluate('document.querySelectorAll("head script").length')).toBe(1);
      // The session waits a second at most before it asks again.
      await expect.poll(async () => (await begin(page)).code, { interval: 300 }).toBeUndefined();
      expect(proofs()).toEqual(['token']);
    });

    test('a page that has Turnstile already is spared another', async () => {
      const page = await open('');
      await page.evaluate(apiScript("options.callback('token of the page’s own')"));
      await begin(page);
      expect(proofs()).toEqual(['token of the page’s own']);
      expect(loads).toEqual([]);
    });
  });
});
