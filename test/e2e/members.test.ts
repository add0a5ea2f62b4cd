import { Hono } from 'hono';
import type { Page } from 'playwright-core';
import { beforeAll, expect, test } from 'vitest';
import { createSampleApi } from '../../demo/sampleApi.ts';
import { startDemo } from '../../demo/startDemo.ts';
import { listen } from '../../dev/listen.ts';
import type { Upstream } from '../../dev/server/parts.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { SiteOptions } from '../../src/token/createVerifier.ts';
import { describeWith } from '../support/optional.ts';
import { openPage } from './support/browser.ts';
import { useSite } from './support/useSite.ts';

// Members who log in with gotrue-js, and visitors, on one site: members' calls go by a route with `verify: false` to a
// backend that asks Identity who they are.

const policy = definePolicy({ routes: [{ path: '/api/members/*', verify: false }, { path: '/api/*' }] });

/** The sample API, and beside it what only members may have. */
async function startApi(verifier: SiteOptions): Promise<Upstream> {
  const app = new Hono();
  app.get('/api/members/me', async (c) => {
    const authorization = c.req.header('authorization') ?? '';
    const answer = await fetch(`${verifier.issuer}/.netlify/identity/user`, { headers: { authorization } });
    if (answer.ok) return c.json({ email: ((await answer.json()) as { email: string }).email });
    return c.json({ code: 'no_member' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' });
  });
  app.route('/', createSampleApi(verifier));
  const listening = await listen((request) => app.fetch(request));
  return { ...listening, name: 'an API for both', notes: [] };
}

const email = 'ada@member.example';
const password = 'correct-horse-battery';

/** The page of such a site: the script tag, and gotrue-js as members use it, which keeps them logged in. */
const tag = '<script src="/daypass.js" data-api="/api/"></script>';
const membersPage = `
  import GoTrue from 'gotrue-js';
  const auth = new GoTrue({ APIUrl: location.origin + '/.netlify/identity', setCookie: true });
  const bearer = async () => ({ Authorization: 'Bearer ' + (await auth.currentUser().jwt()) });
  const answerOf = async (response) => ({ status: response.status, body: await response.json() });
  Object.assign(window, {
    auth,
    logIn: async () => void (await auth.login('${email}', '${password}', true)),
    whoAmI: () => auth.currentUser()?.email,
    callAsMember: async () => answerOf(await fetch('/api/members/me', { headers: await bearer() })),
    callAsMemberByXhr: async () => {
      const { Authorization } = await bearer();
      return new Promise((resolve) => {
        const request = new XMLHttpRequest();
        request.open('GET', '/api/members/me');
        request.setRequestHeader('Authorization', Authorization);
        request.onload = () => resolve({ status: request.status, body: JSON.parse(request.responseText) });
        request.send();
      });
    },
    callMembersAsVisitor: async () => answerOf(await fetch('/api/members/me')),
    callAsVisitor: async () => answerOf(await fetch('/api/hello')),
    callVisitorsAsMember: async () => answerOf(await fetch('/api/hello', { headers: await bearer() })),
    refresh: async () => (await auth.currentUser().jwt(true)).length > 0,
    saved: () => localStorage.getItem('gotrue.user'),
  });
`;

interface Answer {
  status: number;
  body: { email?: string; you?: string; code?: string };
}

describeWith('chromium')('members and visitors on one site', () => {
  const site = useSite(() => startDemo(readSettings({ PORT: '0' }, policy), policy, { startApi }));
  beforeAll(async () => {
    const signUp = await fetch(`${site.server.url}/.netlify/identity/signup`, {
      method: 'POST',
      body: JSON.stringify({ email, password }),
    });
    expect(signUp.status).toBe(200);
  });

  const open = () => openPage(site.context, site.server.url, { html: tag, source: membersPage });
  const run = async <Result = Answer>(page: Page, call: string): Promise<Result> =>
    (await page.evaluate(`${call}()`)) as Result;
  const exchanges = () => site.requests.filter((request) => request === 'POST /session/token').length;

  const expectMember = async (page: Page) => {
    expect(await run(page, 'callAsMember')).toEqual({ status: 200, body: { email } });
    expect(await run(page, 'callAsMemberByXhr')).toEqual({ status: 200, body: { email } });
  };
  const visitorOf = async (page: Page): Promise<string> => {
    const { status, body } = await run(page, 'callAsVisitor');
    expect([status, body.you]).toEqual([200, expect.stringMatching(/^anon_/)]);
    return body.you ?? '';
  };

  test.each(['the member logs in first', 'the visitor calls first'])(
    '%s: both go on side by side',
    async (order) => {
      const page = await open();
      let visitor = order === 'the visitor calls first' ? await visitorOf(page) : undefined;
      await run(page, 'logIn');
      const saved = await run<string>(page, 'saved');
      expect(JSON.parse(saved)).toMatchObject({ email });
      await expectMember(page);
      visitor ??= await visitorOf(page);
      expect(await visitorOf(page)).toBe(visitor);
      await page.evaluate('daypass.token({ renew: true })');
      expect(await visitorOf(page)).toBe(visitor);
      await expectMember(page);
      expect(await run(page, 'saved')).toBe(saved);
      expect(await run(page, 'whoAmI')).toBe(email);
      expect(await run(page, 'refresh')).toBe(true);
      await expectMember(page);
      expect(await visitorOf(page)).toBe(visitor);
      // One exchange and one renewal; the member's own token was never handed in.
      expect(exchanges()).toBe(2);
    },
  );

  test('a page that is opened anew finds the member and the visitor', async () => {
    const first = await open();
    await run(first, 'logIn');
    const visitor = await visitorOf(first);
    const saved = await run(first, 'saved');
    const second = await open();
    expect(await run(second, 'whoAmI')).toBe(email);
    await expectMember(second);
    expect(await visitorOf(second)).toBe(visitor);
    expect(await run(second, 'saved')).toBe(saved);
    await second.evaluate('daypass.revoke()');
    await expectMember(second);
    expect(await visitorOf(second)).not.toBe(visitor);
    expect(await run(second, 'saved')).toBe(saved);
  });

  test('neither passes for the other', async () => {
    const page = await open();
    await run(page, 'logIn');
    const visitor = await visitorOf(page);
    site.requests.length = 0;
    // The tag gives a call without Authorization the pass, which is no member's: one try more, with another pass.
    expect(await run(page, 'callMembersAsVisitor')).toEqual({ status: 401, body: { code: 'no_member' } });
    expect(site.requests.filter((request) => request === 'GET /api/members/me')).toHaveLength(2);
    expect(exchanges()).toBeLessThanOrEqual(1);
    expect(await run(page, 'callMembersAsVisitor')).toMatchObject({ status: 401 });
    expect(site.requests.filter((request) => request === 'GET /api/members/me')).toHaveLength(3);
    const asMember = await run(page, 'callVisitorsAsMember');
    expect([asMember.status, asMember.body.code]).toEqual([401, expect.stringMatching(/^token_/)]);
    expect(await visitorOf(page)).toBe(visitor);
    await expectMember(page);
  });

  test('the visitors are gone from Identity, the member is there', async () => {
    const page = await open();
    await visitorOf(page);
    const answer = await fetch(`${site.server.url}/.netlify/identity/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ grant_type: 'password', username: email, password }),
    });
    expect(answer.status).toBe(200);
    const list = await fetch(`${site.server.url}/.netlify/identity/admin/users`, {
      headers: { authorization: `Bearer ${site.server.parts.operatorToken}` },
    });
    const { users } = (await list.json()) as { users: { email: string }[] };
    expect(users.map((user) => user.email)).toEqual([email]);
  });
});
