import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundleMore, bundleScript } from '../../scripts/bundle.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';

// The built file in a real page, whose site is played here: what the browser resolves, clones and stores.

const site = 'https://site.example';
const refusal = { 'www-authenticate': 'Bearer error="invalid_token"', 'access-control-expose-headers': '*' };

describeWith('chromium')('daypass.js', () => {
  let browser: Browser;
  let context: BrowserContext;
  let script: string;
  let more: string;
  let head: string;
  /** `METHOD url token body` of each request for the API. */
  let calls: string[];
  let logged: string[];
  let given: number;
  let refuseNext: boolean;

  beforeAll(async () => {
    browser = await launchBrowser();
    [script, more] = await Promise.all([bundleScript(), bundleMore()]);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    [head, calls, logged, given, refuseNext] = ['', [], [], 0, false];
    context = await browser.newContext();
    await context.route('**/*', answer);
  });
  afterEach(() => context.close());

  async function answer(route: Route): Promise<void> {
    const request = route.request();
    const { origin, pathname } = new URL(request.url());
    const ok = (json: unknown) => route.fulfill({ json, headers: { 'access-control-allow-origin': '*' } });
    if (pathname === '/daypass.js') return route.fulfill({ contentType: 'text/javascript', body: script });
    if (pathname === '/daypass-more.js') return route.fulfill({ contentType: 'text/javascript', body: more });
    if (request.resourceType() === 'document') {
      return route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>x</title>${head}` });
    }
    if (pathname.endsWith('/signup')) return ok({ id: 'u', confirmed_at: 'now' });
    if (pathname === '/.netlify/identity/token') return ok({ access_token: 'identity' });
    if (pathname === '/session/token') {
      given += 1;
      return ok({ access_token: `access-${given}`, expires_in: 300, session_expires_in: 3600 });
    }
    const token = request.headers().authorization ?? 'none';
    const body = request.postData()?.replace(/-{4}\S+/g, '--') ?? '';
    calls.push(`${request.method()} ${origin === site ? '' : origin}${pathname} ${token} ${body}`.trim());
    if (!refuseNext) return ok({});
    refuseNext = false;
    return route.fulfill({ status: 401, json: {}, headers: refusal });
  }

  async function open(attributes: string, before = ''): Promise<Page> {
    head = `${before}<script src="/daypass.js" ${attributes}></script>`;
    const page = await context.newPage();
    page.on('console', (message) => logged.push(message.text()));
    page.on('pageerror', (error) => logged.push(String(error)));
    await page.goto(`${site}/deep/page`);
    return page;
  }

  test('of gotrue-js it holds the transport, and nothing that signs members in or out', () => {
    expect(script).toContain('JSONHTTPError');
    expect(script).not.toMatch(/gotrue\.user|\/recover|\/verify|\/authorize|\/admin/);
  });

  test('prefixes and calls are resolved as the page resolves them', async () => {
    const page = await open('data-api="v1/ /api/  https://other.example/x"', '<base href="/app/">');
    await page.evaluate(async () => {
      const addresses = ['v1/a', '/app/v1/b', 'v1/../v1/c', '/api/d', 'https://other.example/x/e'];
      const others = ['v1x', '/v1/a', '/apiary', '/api/../x', 'https://other.example/xy'];
      for (const address of [...addresses, ...others]) await fetch(address);
    });
    const covered = ['/app/v1/a', '/app/v1/b', '/app/v1/c', '/api/d', 'https://other.example/x/e'];
    const others = ['/app/v1x', '/v1/a', '/apiary', '/x', 'https://other.example/xy'];
    expect(calls).toEqual([
      ...covered.map((address) => `GET ${address} Bearer access-1`),
      ...others.map((address) => `GET ${address} none`),
    ]);
    expect(logged).toEqual([]);
  });

  test('attributes are the options of createSession', async () => {
    const bodies: string[] = [];
    context.on('request', (request) => bodies.push(`${request.url()} ${request.postData() ?? ''}`));
    const page = await open(
      'data-api="/api/" data-identity-url="/id" data-broker-url="/session/" data-audience="a" data-scope="s" data-email-domain="x.invalid" data-other="y"',
    );
    await page.evaluate(() => fetch('/api/x'));
    const sent = bodies.join('\n');
    expect(sent).toContain(`${site}/id/signup`);
    expect(sent).toContain('@x.invalid');
    expect(sent).toContain(`${site}/session/token`);
    expect(sent).toContain('audience=a&scope=s');
  });

  test.each([
    ['text', `'a=1'`, 'a=1'],
    ['a form', `new URLSearchParams('a=1')`, 'a=1'],
    ['a file', `new Blob(['a=1'])`, 'a=1'],
    ['bytes', `new TextEncoder().encode('a=1')`, 'a=1'],
  ])('%s is sent again whole after a 401 for the token', async (_, body, sent) => {
    const page = await open('data-api="/api/"');
    refuseNext = true;
    expect(
      await page.evaluate(`fetch('/api/x', { method: 'POST', body: ${body} }).then((r) => r.status)`),
    ).toBe(200);
    refuseNext = true;
    const again = `fetch(new Request('/api/y', { method: 'PUT', body: ${body} })).then((r) => r.status)`;
    expect(await page.evaluate(again)).toBe(200);
    const tokens = ['access-1', 'access-2', 'access-2', 'access-3'];
    const lines = ['POST /api/x', 'POST /api/x', 'PUT /api/y', 'PUT /api/y'];
    expect(calls).toEqual(lines.map((line, index) => `${line} Bearer ${tokens[index]} ${sent}`));
  });

  test('the page’s window.GoTrue and a member’s saved session stay', async () => {
    const own = `<script>var GoTrue = 'own'; localStorage.setItem('gotrue.user', '{"a":1}');</script>`;
    const page = await open('data-api="/api/"', own);
    await page.evaluate(() => fetch('/api/x'));
    expect(await page.evaluate(`[window.GoTrue, localStorage.getItem('gotrue.user')]`)).toEqual([
      'own',
      '{"a":1}',
    ]);
    expect(await (await open('data-api="/api/"')).evaluate(`'GoTrue' in window`)).toBe(false);
  });

  describe('a tag that is at fault', () => {
    test.each([
      ['no data-api', '', /data-api="\/api\/"/],
      ['an empty data-api', 'data-api=" "', /data-api="\/api\/"/],
      ['a prefix that is no address', 'data-api="/api/ http://"', /http:\/\//],
      ['an option that is malformed', 'data-api="/api/" data-email-domain="a@b"', /emailDomain/],
      ['a header that is neither of the two', 'data-api="/api/" data-header="X-Token"', /header/],
      ['a misspelt option', 'data-api="/api/" data-scopes="a"', /scopes.*scope/],
      ['the option of the module', 'data-api="/api/" data-prove="/p.js"', /prove.*proof/],
      ['a misspelt data-api', 'data-apis="/api/"', /apis.*api/],
      ['a proof that is no address', 'data-api="/api/" data-proof="http://"', /http:\/\//],
    ])('%s: says so, and each call that wants a token fails with the same error', async (_, tag, message) => {
      const page = await open(tag);
      expect(logged.join()).toMatch(message);
      refuseNext = true;
      const calls = [`fetch('/api/x')`, `daypass.fetch('/api/x')`, 'daypass.token()', 'daypass.revoke()'];
      for (const call of calls) {
        const error = await page.evaluate(`${call}.then(() => 'no error', (error) => String(error))`);
        expect(error).toMatch(message);
        expect(error).toMatch(/^TypeError: Daypass: /);
      }
      expect(given).toBe(0);
    });

    test('under a prefix that could be read nothing is sent', async () => {
      const page = await open('data-api="/api/ http://"');
      await page.evaluate(`fetch('/api/x').catch(() => 0).then(() => fetch('/other'))`);
      expect(calls).toEqual(['GET /other none']);
    });

    test('where none could be read, calls go out, and fail that are refused for want of a token', async () => {
      const page = await open('');
      const statuses = `Promise.all(['/api/x', '/other'].map((url) => fetch(url).then((r) => r.status, () => 'error')))`;
      expect(await page.evaluate(statuses)).toEqual([200, 200]);
      refuseNext = true;
      expect(await page.evaluate(`fetch('/api/x').then((r) => r.status, () => 'error')`)).toBe('error');
    });

    test('attributes of other tools are none of its business', async () => {
      const page = await open(
        'data-api="/api/" data-cfasync="false" data-turbo-track="reload" data-v-1f2="" data-type="x"',
      );
      await page.evaluate(() => fetch('/api/x'));
      expect(logged).toEqual([]);
    });
  });

  test.each([
    [
      'an image',
      '<img name="currentScript" data-api="https://evil.example/" data-proof="https://evil.example/p.js">',
    ],
    ['a form', '<form name="currentScript" data-api="https://evil.example/"><input name="dataset"></form>'],
    [
      'two of a name',
      '<img name="currentScript"><img name="currentScript" data-api="https://evil.example/">',
    ],
    ['a frame', '<iframe name="currentScript" data-api="https://evil.example/"></iframe>'],
  ])('%s of the name currentScript is not believed', async (_, html) => {
    const page = await open('data-api="/api/"', html);
    await page.evaluate(async () => {
      await fetch('https://evil.example/x');
      await fetch('/api/x');
    });
    expect(calls).toEqual(['GET https://evil.example/x none', 'GET /api/x Bearer access-1']);
    expect(logged).toEqual([]);
  });

  test.each([
    [
      'takes strange objects for what they say',
      `{ url: '/api/x', toString: () => 'https://evil.example/x' }`,
    ],
    [
      'takes prototypes for what they are',
      `Object.create(new Request('/api/x'), { toString: { value: () => 'https://evil.example/x' } })`,
    ],
  ])('%s', async (_, input) => {
    const page = await open('data-api="/api/"');
    await page.evaluate(`fetch(${input})`);
    expect(calls).toEqual(['GET https://evil.example/x none']);
  });

  test('a polluted prototype names no address, and is no attribute', async () => {
    const page = await open(
      'data-api="/api/"',
      `<script>Object.assign(Object.prototype, { url: '/api/x', scopes: 'a' });</script>`,
    );
    await page.evaluate(`fetch('https://evil.example/x').then(() => fetch(new URL('/api/y', location)))`);
    expect(calls).toEqual(['GET https://evil.example/x none', 'GET /api/y Bearer access-1']);
  });

  test('what changes each time it is read is read once', async () => {
    const page = await open('data-api="/api/"');
    await page.evaluate(
      `{ let n = 0; fetch({ toString: () => (n++ ? 'https://evil.example/x' : '/api/x') }); }`,
    );
    await expect.poll(() => calls).toEqual(['GET /api/x Bearer access-1']);
  });

  test('a Request of another realm is one', async () => {
    const page = await open('data-api="/api/"', '<iframe src="about:blank"></iframe>');
    await page.evaluate(
      `{ const { Request } = document.querySelector('iframe').contentWindow; fetch(new Request('${site}/api/x', { method: 'PUT', body: 'a' })); }`,
    );
    await expect.poll(() => calls).toEqual(['PUT /api/x Bearer access-1 a']);
  });

  test('mode no-cors, which takes no Authorization, is left alone, with a warning', async () => {
    const page = await open('data-api="/api/"');
    await page.evaluate(
      `fetch('/api/x', { mode: 'no-cors' }).then(() => fetch(new Request('/api/y', { mode: 'no-cors' })))`,
    );
    expect(calls).toEqual(['GET /api/x none', 'GET /api/y none']);
    expect(logged.join()).toMatch(/no-cors.*\/api\/x/);
    const error = await page.evaluate(
      `daypass.fetch('/api/x', { mode: 'no-cors' }).catch((error) => String(error))`,
    );
    expect(error).toMatch(/^TypeError: Daypass: .*no-cors/);
    expect(given).toBe(0);
  });

  test.each([
    [
      'rebuilds the fields from init',
      `(input, init) => found(input.url ?? input, { ...init, headers: { ...init?.headers } })`,
    ],
    ['sends the address alone', `(input) => found(String(input.url ?? input))`],
    ['takes its time', `async (input, init) => { await 0; return found(input, init); }`],
    ['makes a Request', `(input, init) => found(new Request(input, init))`],
  ])('a wrapper of fetch that %s sees each call once, and the call gets its token', async (_, wrapper) => {
    const page = await open('data-api="/api/"');
    await page.evaluate(`{
      const found = fetch, wrapper = ${wrapper};
      globalThis.seen = [];
      globalThis.fetch = (input, init) => { seen.push(new URL(input.url ?? input, location).pathname); return wrapper(input, init); };
    }`);
    await page.evaluate(() => fetch('/api/x', { headers: { 'x-a': '1' } }));
    expect(calls).toEqual(['GET /api/x Bearer access-1']);
    expect(await page.evaluate(`seen.filter((path) => path.startsWith('/api/'))`)).toEqual(['/api/x']);
  });

  test('where the browser forbids storage, memory does', async () => {
    const page = await open(
      'data-api="/api/"',
      `<script>Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });</script>`,
    );
    await page.evaluate(() => fetch('/api/x').then(() => fetch('/api/y')));
    expect(calls).toEqual(['GET /api/x Bearer access-1', 'GET /api/y Bearer access-1']);
    expect(logged).toEqual([]);
  });
});
