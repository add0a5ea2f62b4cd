import { readFile } from 'node:fs/promises';
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
      else expect(remedy).toContain('data-proof');
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

    test('a module that is missing is told, and nobody signs up', async () => {
      site.challenge = await createWork();
      site.missing.add('/daypass-proof.js');
      const { page } = await openProofPage(context, site.url, withProof);
      expect(await begin(page)).toMatchObject({
        code: 'proof_failed',
        reason: expect.stringMatching(/^Failed to fetch dynamically imported module/),
      });
      expect(site.signUps).toEqual([]);
    });

    describe('where no worker can be had, is worked out by the page itself, which goes on', () => {
      const self = "script-src 'self'; connect-src 'self'";
      const trusted = "require-trusted-types-for 'script'";
      const assets = 'https://assets.example';

      async function expectInPlace(
        attributes: string,
        policy?: string,
      ): Promise<{ page: Page; warnings: string[] }> {
        const work = await createWork({ counter: 2000, cost: 1000 });
        site.challenge = work;
        const warnings: string[] = [];
        context.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()));
        const { page } = await openProofPage(context, site.url, attributes, policy);
        const { told, ticks, code, reason } = await begin(page);
        expect([code, reason]).toEqual([undefined, undefined]);
        expect(await readProof(proofs()[0])).toEqual({ challenge: work.challenge, verified: true });
        expect(ticks).toBeGreaterThan(5);
        const fractions = told.map(({ fraction }) => fraction);
        expect(fractions.length).toBeGreaterThan(2);
        expect(fractions).toEqual(fractions.toSorted((one, other) => one - other));
        expect(told.at(-1)).toEqual({ fraction: 1, milliseconds: expect.any(Number) });
        await expect.poll(() => page.workers()).toEqual([]);
        return { page, warnings };
      }
      const told = (warnings: string[]) => warnings.filter((text) => text.startsWith('Daypass: no worker'));

      test('the page’s policy forbids workers', async () => {
        const { warnings } = await expectInPlace(withProof, `${self}; worker-src 'none'`);
        expect(told(warnings)).toHaveLength(1);
      });

      test('Trusted Types forbid the name', async () => {
        const { warnings } = await expectInPlace(withProof, `${self}; trusted-types other; ${trusted}`);
        expect(told(warnings)).toEqual([expect.stringContaining('trusted-types daypass')]);
      });

      test('the solver is missing', async () => {
        site.missing.add('/daypass-solver.js');
        const { warnings } = await expectInPlace(withProof);
        expect(told(warnings)).toHaveLength(1);
      });

      test('the solver is a page, as a development server answers', async () => {
        await context.route('**/daypass-solver.js', (route) =>
          route.fulfill({ contentType: 'text/html', body: '<!doctype html>' }),
        );
        await expectInPlace(withProof);
      });

      test('the module comes from another origin', async () => {
        const body = await readFile('dist/daypass-proof.js', 'utf8');
        await context.route(`${assets}/*`, (route) =>
          route.fulfill({
            contentType: 'text/javascript',
            headers: { 'access-control-allow-origin': '*' },
            body,
          }),
        );
        const policy = `script-src 'self' ${assets}; connect-src 'self'`;
        await expectInPlace(`data-proof="${assets}/daypass-proof.js"`, policy);
      });

      test.each([
        ['there is none', 'delete globalThis.Worker'],
        ['its constructor throws', 'globalThis.Worker = class { constructor() { throw new Error("no") } }'],
      ])('%s', async (_, script) => {
        await context.addInitScript(script);
        await expectInPlace(withProof);
      });
    });

    describe('under Trusted Types', () => {
      const trusted = "require-trusted-types-for 'script'";
      const self = "script-src 'self'; connect-src 'self'";
      const solvers = () => site.requests.filter((line) => line.endsWith('/daypass-solver.js'));

      test.each([
        ['its directive', `${self}; trusted-types daypass; ${trusted}`],
        ['any name allowed', `${self}; ${trusted}`],
      ])('is made in workers, and a call succeeds: %s', async (_, policy) => {
        const work = await createWork({ counter: 200, cost: 1000 });
        site.challenge = work;
        const { page, faults } = await openProofPage(context, site.url, withProof, policy);
        const status = await page.evaluate("fetch('/api/hello').then(({ status }) => status)");
        expect(faults.filter((text) => !text.includes('404'))).toEqual([]);
        // This site has no API; that the call had its token is what counts.
        expect([status, site.requests.at(-1)]).toEqual([404, 'GET /api/hello']);
        expect(await readProof(proofs()[0])).toEqual({ challenge: work.challenge, verified: true });
        expect(solvers().length).toBeGreaterThan(0);
      });

      test('two copies on one page share the one policy that its directive allows', async () => {
        site.challenge = await createWork();
        const policy = `${self}; trusted-types daypass; ${trusted}`;
        const { page, faults } = await openProofPage(context, site.url, withProof, policy);
        await page.evaluate(`(async () => {
          for (const copy of ['/daypass-proof.js', '/deep/daypass-proof.js']) {
            const { prove } = await import(copy);
            await prove({ brokerUrl: '/session', report: () => {} });
          }
        })()`);
        expect(faults).toEqual([]);
        expect(new Set(solvers())).toEqual(
          new Set(['GET /daypass-solver.js', 'GET /deep/daypass-solver.js']),
        );
      });
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

    async function open(body: string, csp = policy): Promise<Page> {
      loads = [];
      await context.route(`${api}/**`, (route) => {
        loads.push(route.request().url());
        return route.fulfill({ contentType: 'text/javascript', body });
      });
      site.challenge = { proof: 'turnstile', site_key: 'the-site-key' };
      return (await openProofPage(context, site.url, withProof, csp)).page;
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

    test.each([
      ['its directive', 'trusted-types daypass;'],
      ['any name allowed', ''],
    ])('under Trusted Types its script is loaded too: %s', async (_, directive) => {
      const csp = `${policy}; ${directive} require-trusted-types-for 'script'`;
      const page = await open(apiScript("options.callback('token')"), csp);
      expect((await begin(page)).code).toBeUndefined();
      expect(proofs()).toEqual(['token']);
    });

    test('where Trusted Types forbid the name, the error says what the policy needs', async () => {
      const csp = `${policy}; trusted-types other; require-trusted-types-for 'script'`;
      const page = await open(apiScript("options.callback('token')"), csp);
      expect(await begin(page)).toMatchObject({
        code: 'turnstile_unavailable',
        reason: expect.stringContaining('trusted-types daypass'),
      });
      expect(loads).toEqual([]);
      expect(await page.evaluate('document.querySelectorAll("head script").length')).toBe(1);
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
