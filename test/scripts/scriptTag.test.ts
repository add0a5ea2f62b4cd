import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { bundleScript } from '../../scripts/bundle.ts';
import { launchBrowser } from '../e2e/support/browser.ts';
import { describeWith } from '../support/optional.ts';

// The built file in a real page, whose site is played here: what the browser resolves, clones and stores.

const site = 'https://site.example';
const refusal = { 'www-authenticate': 'Bearer error="invalid_token"', 'access-control-expose-headers': '*' };

describeWith('chromium')('daypass.js', () => {
  let browser: Browser;
  let context: BrowserContext;
  let script: string;
  let head: string;
  /** `METHOD url token body` of each request for the API. */
  let calls: string[];
  let logged: string[];
  let given: number;
  let refuseNext: boolean;

  beforeAll(async () => {
    browser = await launchBrowser();
    script = await bundleScript();
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

  test('without data-api it says what is missing, and the session can be used by hand', async () => {
    const page = await open('');
    expect(logged.join()).toContain('data-api="/api/"');
    await page.evaluate(() => fetch('/api/x'));
    await page.evaluate(`daypass.fetch('/api/x')`);
    expect(calls).toEqual(['GET /api/x none', 'GET /api/x Bearer access-1']);
  });

  test('a malformed attribute is an error that names it', async () => {
    await open('data-api="/api/" data-email-domain="a@b"');
    expect(logged.join()).toContain('emailDomain');
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
