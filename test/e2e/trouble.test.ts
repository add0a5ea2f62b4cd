import { expect, test } from 'vitest';
import { describeWith } from '../support/optional.ts';
import { openPage } from './support/browser.ts';
import { useSite } from './support/useSite.ts';
import { ways } from './support/ways.ts';

const source = `
  import { createSession } from './client/index.ts';
  window.session = createSession();
  window.failure = () => session.token().then(() => undefined, (error) => ({ ...error, message: error.message }));
`;

describeWith('chromium')('a page in trouble', () => {
  const [, start] = ways[0] as (typeof ways)[number];
  const site = useSite(() => start());

  const open = () => openPage(site.context, site.server.url, { source });

  test('an exchange that is answered 503 twice goes unnoticed, and nobody signs up again', async () => {
    const json = { error: 'temporarily_unavailable', code: 'store_unavailable' };
    const reply = { status: 503, headers: { 'retry-after': '2' }, json };
    await site.context.route('**/session/token', (route) => route.fulfill(reply), { times: 2 });
    const page = await open();
    expect(await page.evaluate("session.fetch('/api/hello').then(({ status }) => status)")).toBe(200);
    expect(site.requests).toEqual([
      'POST /.netlify/identity/signup',
      'POST /.netlify/identity/token',
      'POST /session/token',
      'POST /session/token',
      'POST /session/token',
      'GET /api/hello',
    ]);
  });

  test('a page that was offline gets its token as soon as it is online', async () => {
    const page = await open();
    await page.evaluate('Math.random = () => 1');
    await site.context.setOffline(true);
    expect(await page.evaluate('failure()')).toMatchObject({ code: 'network_error' });
    await page.evaluate("void (window.online = new Promise((tell) => addEventListener('online', tell)))");
    await site.context.setOffline(false);
    await page.evaluate('online.then(() => true)');
    expect(await page.evaluate('session.token()')).toMatch(/^eyJ/);
  });

  test.each([
    ['Identity', '/.netlify/identity/signup', 'identity_not_found', 'enable Identity'],
    ['the broker', '/session/token', 'broker_not_found', 'netlify/functions/session.ts'],
  ])('where %s is missing, the error names its URL and what mends it', async (_, path, code, remedy) => {
    const headers = { 'x-request-id': '01HZX' };
    await site.context.route(`**${path}`, (route) =>
      route.fulfill({ status: 404, headers, body: 'Not Found' }),
    );
    const page = await open();
    const failure = (await page.evaluate('failure()')) as { message: string };
    expect(failure).toMatchObject({ code, status: 404, url: site.server.url + path });
    expect(failure.message).toContain(site.server.url + path);
    expect(failure.message).toContain(remedy);
  });

  test('a backend that refuses every token is called no more than the page calls it, and the page sees 401', async () => {
    const headers = { 'www-authenticate': 'Bearer error="invalid_token"' };
    const json = { code: 'token_key' };
    await site.context.route('**/api/**', (route) => route.fulfill({ status: 401, headers, json }));
    const page = await open();
    const seen = await page.evaluate(`(async () => {
      const refused = [];
      const statuses = [];
      session.on('refused', (detail) => refused.push(detail));
      for (let index = 0; index < 1000; index += 1) {
        statuses.push((await session.fetch('/api/' + (index % 10) + '?index=' + index)).status);
      }
      return { refused, statuses: [...new Set(statuses)] };
    })()`);
    expect(seen).toEqual({
      statuses: [401],
      refused: [
        { path: '/api/0', code: 'token_key' },
        { path: '/api/1', code: 'token_key' },
      ],
    });
    const count = (part: string) => site.requests.filter((line) => line.includes(part)).length;
    expect(count(' /api/')).toBeLessThanOrEqual(1100);
    // The first token is no renewal.
    expect(count('/session/token')).toBeLessThanOrEqual(1 + 5);
    expect(count('/signup')).toBe(2);
  });
});
