import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLineByLine, type ServedSite, serveSite } from './fixtures/serveSite.ts';

let site: ServedSite;
const lines: string[] = [];

beforeAll(async () => {
  site = await serveSite({
    identityContext: () => ({
      url: 'http://localhost/.netlify/identity',
      token: 'operator',
      user: { sub: 'ü' },
    }),
    log: (line) => lines.push(line),
  });
});
afterAll(() => site.close());

function call(path: string, init: RequestInit = {}, address = '203.0.113.9'): Promise<Response> {
  return site.emulator.handle(new Request(`${site.origin}${path}`, init), address);
}

test('a function is called at each of its paths, and at no other', async () => {
  for (const path of ['/session/token', '/.well-known/oauth-authorization-server', '/kit']) {
    expect((await call(path)).status, path).toBe(200);
  }
  for (const path of ['/session', '/', '/.netlify/functions/echo', '/.netlify/functions/nothing']) {
    expect((await call(path)).status, path).toBe(404);
  }
});

test('it sees the site, the caller and the environment that it was given', async () => {
  const seen = await (await call('/session/token?a=1&a=2', {}, '::ffff:203.0.113.9')).json();
  expect(seen).toMatchObject({
    url: `${site.origin}/session/token?a=1&a=2`,
    headers: {
      host: new URL(site.origin).host,
      'x-forwarded-for': '203.0.113.9',
      'x-forwarded-proto': 'http',
    },
    context: {
      ip: '203.0.113.9',
      params: { 0: 'token' },
      site: { id: 'daypass-dev', name: 'daypass', url: site.origin },
      deploy: { context: 'dev', id: '0' },
      waitUntil: 'function',
    },
    environment: {
      DAYPASS_FIXTURE: 'from the options',
      URL: site.origin,
      SITE_ID: 'daypass-dev',
      SITE_URL: null,
      CONTEXT: null,
    },
    identity: { url: 'http://localhost/.netlify/identity', token: 'operator', user: { sub: 'ü' } },
  });
  expect(seen.context.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('an IPv6 caller keeps its address', async () => {
  const seen = await (await call('/session/token', {}, '2001:db8::7')).json();
  expect(seen.context.ip).toBe('2001:db8::7');
});

test('what a caller says in the name of the platform is dropped', async () => {
  const forged = Buffer.from('{"url":"http://evil","token":"stolen"}').toString('base64');
  const seen = await (
    await call('/session/token', {
      headers: {
        'x-forwarded-for': '198.51.100.1',
        'x-nf-client-connection-ip': '198.51.100.1',
        'x-nf-identity-info': forged,
        'x-nf-deploy-context': 'production',
        'x-nf-forged': 'yes',
        'x-real-ip': '198.51.100.1',
      },
    })
  ).json();
  expect(seen.context.ip).toBe('203.0.113.9');
  expect(seen.context.deploy.context).toBe('dev');
  expect(seen.identity.token).toBe('operator');
  expect(seen.headers).not.toHaveProperty('x-nf-forged');
  expect(seen.headers['x-forwarded-for']).toBe('203.0.113.9');
  expect(seen.headers['x-real-ip']).toBe('198.51.100.1');
});

test('bodies arrive whole, whatever their type', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 256);
  for (const type of ['application/octet-stream', '', 'multipart/form-data; boundary=x']) {
    const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
    const seen = await (await call('/session/token', { method: 'POST', headers, body: bytes })).json();
    expect(seen.body, type).toEqual({ length: 300_000, first: [0, 1, 2, 3, 4, 5, 6, 7] });
  }
  const form = new URLSearchParams({ grant: 'ü' });
  const seen = await (await call('/session/token', { method: 'POST', body: form })).json();
  expect(seen.body.length).toBe('grant=%C3%BC'.length);
  expect(seen.headers['content-type']).toContain('application/x-www-form-urlencoded');
});

test('several cookies and a redirect come back as they were answered', async () => {
  const cookies = await call('/session/cookies');
  expect(cookies.headers.getSetCookie()).toEqual([
    'a=1; Path=/',
    'b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT',
  ]);
  const redirect = await call('/session/redirect');
  expect([redirect.status, redirect.headers.get('location')]).toEqual([303, 'https://elsewhere.example/']);
});

test('an answer streams, and carries nothing of the platform', async () => {
  const { response, text, isOver } = await readLineByLine((headers) => call('/session/lines', { headers }));
  expect([...response.headers.keys()].filter((name) => name.startsWith('x-nf-'))).toEqual([]);
  expect([text, isOver]).toEqual(['line 1\nline 2\nline 3\n', true]);
});

test('calls at once are each answered, each by a fresh module', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => call('/session/token')));
  const seen = await Promise.all(answers.map(async (answer) => [answer.status, (await answer.json()).calls]));
  expect(seen).toEqual(Array.from({ length: 8 }, () => [200, 1]));
});

test('waitUntil goes on after the answer', async () => {
  const server = createServer((_, response) => response.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const told = once(server, 'request');
  const { port } = server.address() as AddressInfo;
  const response = await call('/session/work', { headers: { 'x-tell': `http://127.0.0.1:${port}/` } });
  expect(await response.text()).toBe('working');
  await told;
  server.closeAllConnections();
  server.close();
});

test('a variable that changes while running is seen by the next call', async () => {
  process.env.DAYPASS_FIXTURE = 'changed';
  const seen = await (await call('/session/token')).json();
  process.env.DAYPASS_FIXTURE = 'from the options';
  expect(seen.environment.DAYPASS_FIXTURE).toBe('changed');
});

test('the libraries of the product and its policy file can be imported', async () => {
  const used = await (await call('/session/libraries')).json();
  expect(used).toEqual({
    subject: 'x',
    hono: 'hono',
    limiter: 'function',
    issuer: 'https://fixture.example',
  });
});

test('a function that throws answers 500, one that dies 502, and the next call is well', async () => {
  expect((await call('/session/throw')).status).toBe(500);
  const dead = await call('/session/exit');
  expect(dead.status).toBe(502);
  expect(await dead.text()).toContain('GET /session/exit');
  expect(lines.at(-1)).toContain('exit code 3');
  expect((await call('/session/token')).status).toBe(200);
});
