import { Hono } from 'hono';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Listening, listen } from '../../dev/listen.ts';
import { bundleScript } from '../../scripts/bundle.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowserThatKeepsPages } from './support/browser.ts';

// Pages that the browser keeps when they are left (its back/forward cache), and wakes when the visitor comes back.

describeWith('chromium')('a page in the back/forward cache', () => {
  let browser: Browser;
  let script: string;
  let site: Listening;
  let page: Page;
  let requests: string[];
  /** Answers of the broker wait for it. */
  let release: Promise<unknown>;

  beforeAll(async () => {
    [browser, script] = await Promise.all([launchBrowserThatKeepsPages(), bundleScript()]);
  });
  afterAll(() => browser.close());
  beforeEach(async () => {
    [requests, release] = [[], Promise.resolve()];
    let given = 0;
    const app = new Hono();
    app.use(async (c, next) => {
      if (!/^\/(?:a|b|daypass\.js)$/.test(c.req.path)) requests.push(`${c.req.method} ${c.req.path}`);
      await next();
    });
    app.get('/daypass.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript' }));
    app.get('/api/x', (c) => c.json({ token: c.req.header('authorization') ?? null }));
    app.post('/.netlify/identity/signup', (c) => c.json({ id: 'u', confirmed_at: 'now' }));
    app.post('/.netlify/identity/token', (c) => c.json({ access_token: 'identity' }));
    app.post('/session/revoke', (c) => c.body(null));
    app.post('/session/token', async (c) => {
      await release;
      given += 1;
      return c.json({ access_token: `access-${given}`, expires_in: 300, session_expires_in: 3600 });
    });
    app.get('/*', (c) =>
      c.html(`<!doctype html><title>x</title><link rel="icon" href="data:,">
        <script src="/daypass.js" data-api="/api/"></script>
        <script>
          var shown = [], heard = [], first = daypass;
          addEventListener('pageshow', ({ persisted }) => shown.push(persisted));
          for (const name of ['obtained', 'renewed', 'ended', 'error']) daypass.on(name, () => heard.push(name));
          const call = () => fetch('/api/x').then((response) => response.json()).then(({ token }) => token, String);
        </script>`),
    );
    site = await listen((request) => app.fetch(request));
    page = await (await browser.newContext()).newPage();
    await page.goto(`${site.url}/a`);
  });
  afterEach(async () => {
    await page.context().close();
    await site.close();
  });

  /** Goes back, and waits for the page that is shown then. */
  async function goBack(): Promise<void> {
    await page.evaluate('void history.back()');
    await page.waitForURL('**/a', { waitUntil: 'commit' });
    await expect.poll(() => page.evaluate('shown.length').catch(() => 0)).toBeGreaterThan(0);
  }

  /** A page that is left while it holds the lock is given up as soon as another asks for it. */
  const untilLockIsFree = () =>
    expect.poll(() => page.evaluate('navigator.locks.query().then(({ held }) => held.length)')).toBe(0);

  test('goes on with its session and its listeners, and with the token that another page renewed', async () => {
    expect(await page.evaluate('call()')).toBe('Bearer access-1');
    await untilLockIsFree();
    await page.goto(`${site.url}/b`);
    await page.evaluate('daypass.token({ renew: true })');
    await goBack();
    expect(await page.evaluate('shown')).toEqual([false, true]);
    expect(await page.evaluate('call()')).toBe('Bearer access-2');
    await page.evaluate('daypass.token({ renew: true })');
    expect(await page.evaluate('[heard, daypass === first]')).toEqual([['obtained', 'renewed'], true]);
  });

  test('does not go on with a session that another page has revoked', async () => {
    await page.evaluate('call()');
    await untilLockIsFree();
    await page.goto(`${site.url}/b`);
    await page.evaluate('daypass.revoke()');
    await goBack();
    expect(await page.evaluate('shown')).toEqual([false, true]);
    expect(await page.evaluate('call()')).toBe('Bearer access-2');
  });

  test('that holds the lock keeps no other page from its token', async () => {
    let answer = () => {};
    release = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.evaluate('void call()');
    await expect.poll(() => requests).toContain('POST /session/token');
    await page.goto(`${site.url}/b`);
    const called = page.evaluate('call()');
    await expect.poll(() => requests.filter((line) => line.endsWith('/signup'))).toHaveLength(2);
    answer();
    expect(await called).toMatch(/^Bearer access-/);
    await goBack();
    // The browser has given the waiting page up, for the sake of the lock.
    expect(await page.evaluate('shown')).toEqual([false]);
    expect(await page.evaluate('call()')).toMatch(/^Bearer access-/);
    expect(requests.filter((line) => line.endsWith('/signup'))).toHaveLength(2);
  });

  test('that waits for its token gets it once it is woken', async () => {
    let answer = () => {};
    release = new Promise<void>((resolve) => {
      answer = resolve;
    });
    await page.evaluate('void (called = call())');
    await expect.poll(() => requests).toContain('POST /session/token');
    await page.goto(`${site.url}/b`);
    answer();
    await goBack();
    expect(await page.evaluate('shown')).toEqual([false, true]);
    expect(await page.evaluate('called')).toBe('Bearer access-1');
    expect(await page.evaluate('call()')).toBe('Bearer access-1');
  });
});
