import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSite } from '../../dev/server/site.ts';
import { prepareEnvironment } from '../../examples/django/launcher/prepareEnvironment.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser, openPage } from './support/browser.ts';
import { startWithDjango } from './support/ways.ts';

// Members who log in with SimpleJWT and visitors, on one page: a real Django, the script tag, and calls of both kinds.

const tag = '<script src="/daypass.js" data-api="/api/"></script>';
/** What the page's own code is made of. */
const source = `
  window.call = async (path, init) => {
    const response = await fetch(path, init);
    return { status: response.status, body: await response.json().catch(() => null) };
  };
  window.logIn = (password) =>
    call('/api/private/token', { method: 'POST', body: new URLSearchParams({ username: 'demo', password }) });
  window.asMember = (token) => ({ headers: { Authorization: 'Bearer ' + token } });
  window.byXhr = (path, token) => new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', path);
    if (token) request.setRequestHeader('Authorization', 'Bearer ' + token);
    request.onload = () => resolve({ status: request.status, body: JSON.parse(request.responseText) });
    request.send();
  });
`;

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describeWith('chromium')('a member and a visitor on one site', () => {
  describeWith('python 3.10')('with Django and SimpleJWT', () => {
    let browser: Browser;
    let server: RunningSite;
    let password = '';
    let context: BrowserContext;
    let requests: Request[];
    let page: Page;
    beforeAll(async () => {
      await prepareEnvironment(() => undefined);
      [browser, server] = await Promise.all([launchBrowser(), startWithDjango()]);
      password = /password (\S+):/.exec(server.parts.description.join('\n'))?.[1] ?? '';
    }, 600_000);
    afterAll(async () => {
      await browser.close();
      await server.close();
    });
    beforeEach(async () => {
      context = await browser.newContext();
      requests = [];
      context.on('request', (request) => requests.push(request));
      page = await openPage(context, server.url, { html: tag, source });
    });
    afterEach(() => context.close());

    const run = (expression: string) => page.evaluate(expression) as Promise<Answer>;
    const sent = (path: string) => requests.filter((request) => new URL(request.url()).pathname === path);
    const logIn = async () => {
      const { status, body } = await run(`logIn('${password}')`);
      expect(status).toBe(200);
      return body as { access: string; refresh: string };
    };

    test('a visitor calls, a member logs in, and both go on', async () => {
      const visitor = await run(`call('/api/shared/me')`);
      expect(visitor).toMatchObject({ status: 200, body: { member: false } });
      expect(visitor.body.name).toMatch(/^anon_/);
      const entry = `{ method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"text":"Nice."}' }`;
      const written = await run(`call('/api/public/entries', ${entry})`);
      expect(written.status).toBe(201);

      const { access } = await logIn();
      const member = { status: 200, body: { member: true, name: 'demo' } };
      expect(await run(`call('/api/shared/me', asMember('${access}'))`)).toEqual(member);
      expect(await run(`byXhr('/api/shared/me', '${access}')`)).toEqual(member);
      expect(await run(`call('/api/private/me', asMember('${access}'))`)).toEqual({
        status: 200,
        body: { name: 'demo' },
      });
      // The page is still its visitor's: the same session as before.
      expect(await run(`call('/api/shared/me')`)).toEqual(visitor);
      const path = `/api/private/entries/${written.body.id}`;
      const remove = `{ method: 'DELETE', headers: asMember('${access}').headers }`;
      expect(await run(`call('${path}', ${remove})`)).toMatchObject({ status: 204 });

      // What was sent: the member's own where the page said so, the pass elsewhere, and one sign-up for all of it.
      const authorizations = await Promise.all(
        sent('/api/shared/me').map(async (request) => (await request.allHeaders()).authorization),
      );
      const [pass] = authorizations;
      expect(authorizations).toEqual([pass, `Bearer ${access}`, `Bearer ${access}`, pass]);
      expect(pass).not.toBe(`Bearer ${access}`);
      expect(sent('/.netlify/identity/signup')).toHaveLength(1);
    });

    test('a call with an Authorization of its own needs no visitor and changes none', async () => {
      const { access } = await logIn();
      const fresh = await browser.newContext();
      const urls: string[] = [];
      fresh.on('request', (request) => urls.push(new URL(request.url()).pathname));
      page = await openPage(fresh, server.url, { html: tag, source });
      expect(await run(`call('/api/private/me', asMember('${access}'))`)).toMatchObject({ status: 200 });
      expect(await run(`call(new Request('/api/shared/me', asMember('${access}')))`)).toMatchObject({
        body: { member: true },
      });
      expect(await run(`byXhr('/api/shared/me', '${access}')`)).toMatchObject({ body: { member: true } });
      expect(urls.filter((path) => /identity|session/.test(path))).toEqual([]);
      await fresh.close();
    });

    test('what SimpleJWT says to a member reaches the page as it is, after one request', async () => {
      const { access, refresh } = await logIn();
      for (const token of ['nonsense', `${access}x`, refresh]) {
        requests.length = 0;
        const refused = await run(`call('/api/private/me', asMember('${token}'))`);
        expect(refused).toMatchObject({ status: 401, body: { code: 'token_not_valid' } });
        expect(sent('/api/private/me')).toHaveLength(1);
        expect(sent('/session/token')).toEqual([]);
      }
      const form = `{ method: 'POST', body: new URLSearchParams({ refresh: '${refresh}' }) }`;
      const renewed = await run(`call('/api/private/refresh', ${form})`);
      expect(await run(`call('/api/private/me', asMember('${renewed.body.access}'))`)).toMatchObject({
        status: 200,
      });
    });

    test('neither is taken for the other', async () => {
      const { access } = await logIn();
      expect(await run(`call('/api/private/me')`)).toMatchObject({
        status: 401,
        body: { code: 'token_not_valid' },
      });
      // The gate asks for a pass here, and a member's token is none.
      expect(await run(`call('/api/public/entries', asMember('${access}'))`)).toMatchObject({ status: 401 });
      expect(await run(`call('/api/public/entries')`)).toMatchObject({ status: 200 });
    });

    test('a page that is loaded again knows its visitor, and the member what he kept', async () => {
      const visitor = await run(`call('/api/shared/me')`);
      const { access } = await logIn();
      page = await openPage(context, server.url, { html: tag, source });
      expect(await run(`call('/api/shared/me')`)).toEqual(visitor);
      expect(await run(`call('/api/shared/me', asMember('${access}'))`)).toMatchObject({
        body: { name: 'demo' },
      });
      expect(sent('/.netlify/identity/signup')).toHaveLength(1);
    });
  });
});
