import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunningSite } from '../../../dev/server/site.ts';
import { prepareEnvironment } from '../../../examples/django/launcher/prepareEnvironment.ts';
import { type RunningDjango, runDjango } from '../../../examples/django/launcher/run.ts';
import { startWithDjango } from '../../e2e/support/ways.ts';
import { describeWith } from '../../support/optional.ts';
import { goodClaims, goodHeader, issuer, secret, sign } from '../../support/tokens.ts';

// Members log in with SimpleJWT. What they get is the same, to the byte, in the project before Daypass came to it.

const password = 'correct-horse';
const shared = {
  DJANGO_SECRET_KEY: 'q7V2mX9tLb4Zc1Rk8Hs5Wd3Yf6Jg0Np-django',
  DJANGO_ALLOWED_HOSTS: '127.0.0.1',
  DJANGO_SUPERUSER_PASSWORD: password,
};
const daypass = { DAYPASS_SECRET: secret, DAYPASS_ISSUER: issuer };
const form = 'Content-Type: application/x-www-form-urlencoded';

/** The answer as it came over the wire, but for what differs between two answers of one server. */
async function exchange(
  url: string,
  line: string,
  headers: readonly string[],
  body: string,
): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  const fields = [...headers, `Content-Length: ${body.length}`, 'Host: 127.0.0.1', 'Connection: close'];
  socket.end(`${line} HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`);
  return (await text(socket))
    .replace(/^(Date|Expires): .*$/gm, '$1:')
    .replace(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, withoutChance)
    .replaceAll(/(csrftoken=|csrfmiddlewaretoken" value=")\w+/g, '$1')
    .replace(/expires=[^;]+/, 'expires=');
}

function withoutChance(token: string): string {
  const { exp: _, iat: __, jti: ___, ...rest } = decodeJwt(token);
  return JSON.stringify(rest);
}

async function logIn(url: string, given = password): Promise<Response> {
  const body = new URLSearchParams({ username: 'demo', password: given });
  return fetch(`${url}/api/private/token`, { method: 'POST', body });
}

describeWith('python 3.10')('what members use', () => {
  let python = '';
  beforeAll(async () => {
    python = await prepareEnvironment(() => undefined);
  }, 300_000);

  describe('at the backend itself', () => {
    let withDaypass: RunningDjango;
    let without: RunningDjango;
    let tokens: { access: string; refresh: string };
    let pass: string;
    beforeAll(async () => {
      [withDaypass, without] = await Promise.all([
        runDjango(python, { ...shared, ...daypass }),
        runDjango(python, { ...shared, DJANGO_SETTINGS_MODULE: 'tests.plain.settings' }),
      ]);
      tokens = (await (await logIn(without.url)).json()) as typeof tokens;
      const now = Math.floor(Date.now() / 1000);
      pass = await sign(goodHeader, { ...goodClaims, iat: now, auth_time: now, exp: now + 300 });
    });
    afterAll(() => Promise.all([withDaypass?.stop(), without?.stop()]));

    test.each<[string, number, string, () => string[], (() => string)?]>([
      ['log-in', 200, 'POST /api/private/token', () => [form], () => `username=demo&password=${password}`],
      ['a wrong password', 401, 'POST /api/private/token', () => [form], () => 'username=demo&password=x'],
      ['log-in with nothing', 400, 'POST /api/private/token', () => [form]],
      ['log-in by GET', 405, 'GET /api/private/token', () => []],
      ['what log-in takes', 200, 'OPTIONS /api/private/token', () => []],
      ['refresh', 200, 'POST /api/private/refresh', () => [form], () => `refresh=${tokens.refresh}`],
      [
        'refresh with an access token',
        401,
        'POST /api/private/refresh',
        () => [form],
        () => `refresh=${tokens.access}`,
      ],
      ['a member', 200, 'GET /api/private/me', () => [`Authorization: Bearer ${tokens.access}`]],
      ['a member, HEAD', 200, 'HEAD /api/private/me', () => [`Authorization: Bearer ${tokens.access}`]],
      [
        'a member who deletes what is not there',
        404,
        'DELETE /api/private/entries/9',
        () => [`Authorization: Bearer ${tokens.access}`],
      ],
      ['nobody', 401, 'GET /api/private/me', () => []],
      ['nonsense', 401, 'GET /api/private/me', () => ['Authorization: Bearer nonsense']],
      ['another scheme', 401, 'GET /api/private/me', () => ['Authorization: Basic eDp5']],
      ['a token of Daypass', 401, 'GET /api/private/me', () => [`Authorization: Bearer ${pass}`]],
      [
        'an address that is not there',
        404,
        'GET /api/private/nothing',
        () => [`Authorization: Bearer ${tokens.access}`],
      ],
      ['the log-in page of the admin', 200, 'GET /admin/login/', () => []],
      ['log-in to the admin from elsewhere', 403, 'POST /admin/login/', () => [form], () => 'username=demo'],
    ])('%s: %i, the same to the byte', async (_, status, line, headers, body = () => '') => {
      const [ours, plain] = await Promise.all(
        [withDaypass, without].map(({ url }) => exchange(url, line, headers(), body())),
      );
      expect(plain).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(ours).toBe(plain);
    });

    test('and the public part is there in one of them alone', async () => {
      const asked = [withDaypass, without].map(({ url }) =>
        fetch(`${url}/api/public/entries`, { headers: { authorization: `Bearer ${pass}` } }),
      );
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 404]);
    });
  });

  describe('through the gate', () => {
    let server: RunningSite;
    let backend: string;
    let member: string;
    beforeAll(async () => {
      server = await startWithDjango();
      backend = server.parts.environment.DAYPASS_UPSTREAM ?? '';
      const note = server.parts.description.find((line) => line.includes('log in as demo')) ?? '';
      const answer = await logIn(server.url, /password (\S+):/.exec(note)?.[1]);
      expect(answer.status).toBe(200);
      member = ((await answer.json()) as { access: string }).access;
    });
    afterAll(() => server?.close());

    const ask = (site: string, path: string, token: string) =>
      fetch(site + path, { headers: { authorization: `Bearer ${token}` } });

    test.each([
      ['a member', 200, () => member],
      ['nonsense', 401, () => 'nonsense'],
    ])('%s gets what the backend says', async (_, status, token) => {
      const [through, direct] = await Promise.all(
        [server.url, backend].map((site) => ask(site, '/api/private/me', token())),
      );
      expect([through?.status, direct?.status]).toEqual([status, status]);
      expect(through?.headers.get('www-authenticate')).toBe(direct?.headers.get('www-authenticate'));
      expect(await through?.text()).toBe(await direct?.text());
    });

    test('a wrong password is the backend’s to refuse', async () => {
      const [through, direct] = await Promise.all([server.url, backend].map((site) => logIn(site, 'wrong')));
      expect([through?.status, direct?.status]).toEqual([401, 401]);
      expect(await through?.text()).toBe(await direct?.text());
    });

    test('a member’s token opens nothing that asks for a pass', async () => {
      expect((await ask(server.url, '/api/public/entries', member)).status).toBe(401);
      expect((await ask(backend, '/api/public/entries', member)).status).toBe(401);
    });
  });
});
