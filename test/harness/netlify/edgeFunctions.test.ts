import { afterAll, beforeAll, expect, test } from 'vitest';
import { readLineByLine, type ServedSite, serveSite } from './fixtures/serveSite.ts';

let site: ServedSite;

beforeAll(async () => {
  site = await serveSite({
    next: async (request, address) =>
      Response.json({
        served: new URL(request.url).pathname,
        address,
        forwardedFor: request.headers.get('x-forwarded-for'),
        platform: [...request.headers.keys()].filter((name) => name.startsWith('x-nf-')),
        body: await request.text(),
      }),
  });
});
afterAll(() => site.close());

function call(path: string, init: RequestInit = {}): Promise<Response> {
  return site.emulator.handle(new Request(`${site.origin}${path}`, init), '::ffff:203.0.113.9');
}

test('it sees the site, the caller and the environment that it was given', async () => {
  const seen = await (await call('/api/hello?a=1')).json();
  expect(seen).toMatchObject({
    url: `${site.origin}/api/hello?a=1`,
    headers: { 'x-forwarded-for': '203.0.113.9' },
    context: {
      ip: '203.0.113.9',
      params: { 0: 'hello' },
      site: { id: 'daypass-dev', name: 'daypass', url: site.origin },
      deploy: { context: 'dev', id: '0' },
      url: `${site.origin}/api/hello?a=1`,
      waitUntil: 'function',
    },
    environment: {
      DAYPASS_FIXTURE: 'from the options',
      URL: site.origin,
      SITE_ID: 'daypass-dev',
      SITE_URL: null,
      CONTEXT: null,
    },
  });
  expect(seen.context.requestId).toMatch(/^[0-9a-f-]{36}$/);
});

test('the host that the caller asked for is the one that it sees', async () => {
  const { port } = new URL(site.origin);
  const response = await site.emulator.handle(new Request(`http://127.0.0.1:${port}/api/hello`), '127.0.0.1');
  const seen = await response.json();
  expect(seen.url).toBe(`http://127.0.0.1:${port}/api/hello`);
  expect(seen.context.site.url).toBe(site.origin);
});

test('Deno listens on loopback alone', async () => {
  const seen = await (await call('/api/hello')).json();
  expect(seen.headers.host).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(seen.environment.DENO_SERVE_ADDRESS).toBe(`tcp:${seen.headers.host}`);
});

test('what a caller says in the name of the platform is dropped', async () => {
  const seen = await (
    await call('/api/hello', {
      headers: {
        'x-forwarded-for': '198.51.100.1',
        'x-nf-client-connection-ip': '198.51.100.1',
        'x-nf-passthrough': 'passthrough',
        'x-nf-request-id': 'forged',
        'x-nf-forged': 'yes',
      },
    })
  ).json();
  expect(seen.context.ip).toBe('203.0.113.9');
  expect(seen.context.requestId).not.toBe('forged');
  expect(seen.headers).not.toHaveProperty('x-nf-forged');
});

test('a body arrives whole and with its length', async () => {
  const bytes = Uint8Array.from({ length: 1_500_000 }, (_, index) => index % 256);
  const seen = await (await call('/api/upload', { method: 'POST', body: bytes })).json();
  expect(seen.body).toEqual({ length: 1_500_000, first: [0, 1, 2, 3, 4, 5, 6, 7] });
  expect(seen.headers['content-length']).toBe('1500000');
});

test('a redirect is not followed', async () => {
  const response = await call('/api/redirect');
  expect([response.status, response.headers.get('location')]).toEqual([302, '/session/redirect']);
});

test('an answer streams, and carries nothing of the platform', async () => {
  const { response, text, isOver } = await readLineByLine((headers) => call('/api/lines', { headers }));
  expect([...response.headers.keys()].filter((name) => name.startsWith('x-nf-'))).toEqual([]);
  expect([text, isOver]).toEqual(['line 1\nline 2\nline 3\n', true]);
});

test('a compressed answer comes back readable', async () => {
  const response = await call('/api/gzip');
  expect(response.headers.get('content-encoding')).toBeNull();
  expect(await response.text()).toBe('compressed');
});

test('context.next() comes back through the server, past the edge, with the address of the caller', async () => {
  const response = await call('/api/next', { method: 'POST', body: 'passed on' });
  expect(await response.json()).toEqual({
    served: '/api/next',
    address: '203.0.113.9',
    forwardedFor: '203.0.113.9',
    platform: [],
    body: 'passed on',
  });
});

test('the edge comes before functions, and what neither serves goes on', async () => {
  expect((await (await call('/api/session/token')).json()).calls).toBe(1);
  expect(await (await call('/index.html')).json()).toMatchObject({ served: '/index.html' });
});

test('a variable that changes while running is not seen', async () => {
  process.env.DAYPASS_FIXTURE = 'changed';
  const seen = await (await call('/api/hello')).json();
  process.env.DAYPASS_FIXTURE = 'from the options';
  expect(seen.environment.DAYPASS_FIXTURE).toBe('from the options');
});

test('the libraries of the product and its policy file can be imported', async () => {
  const used = await (await call('/api/libraries')).json();
  expect(used).toEqual({
    subject: 'x',
    hono: 'hono',
    limiter: 'function',
    issuer: 'https://fixture.example',
  });
});

test('an edge function that throws answers 500; calls at once are each answered by a fresh module', async () => {
  expect((await call('/api/throw')).status).toBe(500);
  const answers = await Promise.all(Array.from({ length: 8 }, () => call('/api/hello')));
  const seen = await Promise.all(answers.map(async (answer) => [answer.status, (await answer.json()).calls]));
  expect(seen).toEqual(Array.from({ length: 8 }, () => [200, 1]));
});
