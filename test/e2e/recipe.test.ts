import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSite } from '../../dev/server/site.ts';
import { describeWith } from '../support/optional.ts';
import { launchBrowser, openPage } from './support/browser.ts';
import { describeWays } from './support/ways.ts';

// The page code that users have had since before Daypass: gotrue-js, sign-up, log-in, one fetch. Only its URLs and its
// e-mail's domain are set.
const recipe = `
  import GoTrue from 'gotrue-js';

  const auth = new GoTrue({ APIUrl: location.origin + '/.netlify/identity', audience: '', setCookie: false });
  const email = Math.random().toString(36).slice(2) + '@visitor.invalid';
  const password = Math.random().toString(36).slice(2);
  const broker = '/session/token';

  auth
    .signup(email, password)
    .then(() => auth.login(email, password))
    .then((response) => fetch(broker, { headers: { Authorization: 'Bearer ' + response.token.access_token } }))
    .then((response) => response.json())
    .then((answer) => { window.answer = { email, ...answer }; }, (error) => { window.answer = String(error); });
`;

describeWith('chromium')('the recipe of the forum', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser.close());

  describeWays((start) => {
    let server: RunningSite;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.close());

    test('gives an access token that opens the API, and leaves no user behind', async () => {
      const page = await openPage(await browser.newContext(), server.url, { source: recipe });
      const answer = await (await page.waitForFunction('window.answer')).jsonValue();
      expect(answer).toMatchObject({
        token_type: 'Bearer',
        expires_in: 300,
        access_token: expect.any(String),
      });
      const { access_token, email } = answer as { access_token: string; email: string };

      const users = await fetch(`${server.url}/.netlify/identity/admin/users`, {
        headers: { authorization: `Bearer ${server.parts.operatorToken}` },
      });
      expect(users.status).toBe(200);
      expect(await users.text()).not.toContain(email);

      const headers = { authorization: `Bearer ${access_token}` };
      const hello = await fetch(`${server.url}/api/hello`, { headers });
      expect(await hello.json()).toMatchObject({ message: expect.stringMatching(/^Hello, visitor\./) });
      const own = await fetch(`${server.url}/hello`, { headers });
      expect(await own.json()).toEqual({ hello: expect.stringMatching(/^anon_/) });
      await page.context().close();
    });

    test('the broker called with no token, or with nonsense, says what is wrong', async () => {
      const none = await fetch(`${server.url}/session/token`);
      expect(none.status).toBe(401);
      expect(none.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
      expect(await none.json()).toMatchObject({
        code: 'token_missing',
        error_description: expect.stringContaining('Authorization: Bearer'),
      });

      const headers = { authorization: 'Bearer nonsense' };
      const nonsense = await fetch(`${server.url}/session/token`, { headers });
      expect(nonsense.status).toBe(401);
      expect(nonsense.headers.get('www-authenticate')).toMatch(
        /^Bearer realm="daypass", error="invalid_token"/,
      );
      expect(await nonsense.json()).toMatchObject({
        error: 'invalid_token',
        code: 'subject_token_malformed',
        error_description: expect.stringContaining('not a JWT'),
      });
    });

    test('a function of the site refuses callers without a token', async () => {
      const refused = await fetch(`${server.url}/hello`);
      expect(refused.status).toBe(401);
      expect(await refused.json()).toMatchObject({ code: 'token_missing' });
    });
  });
});
