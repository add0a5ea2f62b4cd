import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { type Listening, listen } from '../../dev/listen.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { launchBrowser } from './support/browser.ts';

// Two sites to a browser: `localhost`, where the gate is, and `127.0.0.1`, a mail in a browser and a provider of log-ins.

const policy = definePolicy({ routes: [{ path: '/api/open/*', verify: false }, { path: '/api/*' }] });

describeWith('chromium')('a visitor who comes from another site', () => {
  let browser: Browser;
  let upstream: Upstream;
  let server: DemoServer;
  let elsewhere: Listening;
  let page: Page;

  beforeAll(async () => {
    upstream = await startUpstream((response, { url }) => response.end(`upstream ${url}`));
    server = await startDemo(readSettings({ PORT: '0' }, policy), policy, {
      redisBackend: 'memory',
      startApi: async () => ({
        url: upstream.url.origin,
        name: 'upstream',
        notes: [],
        close: async () => undefined,
      }),
    });
    elsewhere = await listen((request) => {
      const { pathname, searchParams } = new URL(request.url);
      const target = server.url + (searchParams.get('to') ?? '');
      if (pathname === '/authorize') return Response.redirect(target, 302);
      const bodies: Record<string, string> = {
        '/mail': `<a href="${target}">confirm</a>`,
        '/window': `<a href="${target}" target="_blank">confirm</a>`,
        '/frame': `<iframe src="${target}"></iframe>`,
        '/form': `<form method="post" action="${target}"><button>send</button></form>`,
        '/get-form': `<form action="${target}"><input name="key" value="1"><button>send</button></form>`,
      };
      const headers = { 'content-type': 'text/html' };
      return new Response(`<!doctype html><title>elsewhere</title>${bodies[pathname] ?? ''}`, { headers });
    });
    browser = await launchBrowser();
  });
  beforeEach(async () => {
    page = await browser.newPage();
    upstream.received.length = 0;
    return () => page.close();
  });
  afterAll(async () => {
    await browser?.close();
    await elsewhere?.close();
    await server?.close();
    await upstream?.close();
  });

  const at = (path: string, to: string) => page.goto(`${elsewhere.url}${path}?to=${encodeURIComponent(to)}`);
  const seen = () => upstream.received.map(({ method, url }) => `${method} ${url}`);
  const shown = () => page.locator('body').textContent();

  test('by a link in a mail reaches an open route', async () => {
    await at('/mail', '/api/open/confirm?key=1');
    await page.click('a');
    await page.waitForURL(/confirm/);
    expect(await shown()).toBe('upstream /api/open/confirm?key=1');
    expect(seen()).toEqual(['GET /api/open/confirm?key=1']);
  });

  test('by a link that opens a window does, too', async () => {
    await at('/window', '/api/open/confirm');
    const [opened] = await Promise.all([page.waitForEvent('popup'), page.click('a')]);
    await opened.waitForLoadState();
    expect(await opened.locator('body').textContent()).toBe('upstream /api/open/confirm');
    await opened.close();
  });

  test('on the way back from a provider of log-ins does, too', async () => {
    await page.route(`${server.url}/start`, (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<a href="${elsewhere.url}/authorize?to=${encodeURIComponent('/api/open/callback?code=abc&state=1')}">log in</a>`,
      }),
    );
    await page.goto(`${server.url}/start`);
    await page.click('a');
    await page.waitForURL(/callback/);
    expect(await shown()).toBe('upstream /api/open/callback?code=abc&state=1');
  });

  test('by a form that asks does, too', async () => {
    await at('/get-form', '/api/open/search');
    await page.click('button');
    await page.waitForURL(/search/);
    expect(await shown()).toBe('upstream /api/open/search?key=1');
  });

  test('by a link to what needs a pass is asked for one', async () => {
    await at('/mail', '/api/items');
    await page.click('a');
    await page.waitForURL(/items/);
    expect(await shown()).toContain('token_missing');
    expect(seen()).toEqual([]);
  });

  test('by a form that posts is refused', async () => {
    await at('/form', '/api/open/confirm');
    await page.click('button');
    await page.waitForURL(/confirm/);
    expect(await shown()).toContain('foreign_origin');
    expect(seen()).toEqual([]);
  });

  test('in a frame is refused', async () => {
    const answer = page.waitForResponse(`${server.url}/api/open/confirm`);
    await at('/frame', '/api/open/confirm');
    expect((await answer).status()).toBe(403);
    expect(seen()).toEqual([]);
  });

  test.each([
    ['a fetch', "fetch(target).catch(() => 'kept')"],
    ['a fetch without CORS', "fetch(target, { mode: 'no-cors' }).catch(() => 'kept')"],
    [
      'an image',
      'new Promise((done) => { const image = new Image(); image.onerror = done; image.src = target; })',
    ],
    ['a beacon', 'navigator.sendBeacon(target)'],
  ])('and %s from there is refused', async (_, call) => {
    await at('/blank', '');
    const asked = page.waitForRequest(/open\/x/);
    await page.evaluate(`{ const target = '${server.url}/api/open/x'; ${call} }`);
    await asked;
    // A later call that passes: what came before it would have arrived.
    await fetch(`${server.url}/api/open/later`);
    expect(seen()).toEqual(['GET /api/open/later']);
  });

  test('a WebSocket is refused with a reason for whoever looks', async () => {
    await page.route(`${server.url}/start`, (route) => route.fulfill({ contentType: 'text/html', body: '' }));
    await page.goto(`${server.url}/start`);
    const status = await page.evaluate(
      `new Promise((done) => {
        const socket = new WebSocket('${server.url.replace('http', 'ws')}/api/live');
        socket.onopen = () => done('open');
        socket.onerror = () => done('refused');
      })`,
    );
    expect(status).toBe('refused');
    expect(seen()).toEqual([]);
    const told = await fetch(`${server.url}/api/live`, { headers: { 'sec-websocket-key': 'x' } });
    expect([told.status, ((await told.json()) as { code: string }).code]).toEqual([
      501,
      'upgrade_not_supported',
    ]);
  });
});
