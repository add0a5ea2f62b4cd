import { Hono } from 'hono';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createProtectedApp } from '../../src/http/gateApp.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { callerAddress, type GateStack, startGateStack } from '../support/gateStack.ts';
import { issuer, secret } from '../support/tokens.ts';

const partner = 'https://partner.example';
const policy: PolicyInput = {
  origins: [partner],
  exposeHeaders: ['X-Total-Count'],
  limits: { session: { limit: 2, windowSeconds: 3600 } },
  routes: [
    { path: '/api/open/*', verify: false },
    { path: '/api/items', methods: ['GET', 'POST'] },
    { path: '/api/*' },
  ],
};
let stack: GateStack;
let answered: Response;
/** What passed the check of the protected function. */
const handled: Request[] = [];
const logged: string[] = [];
/** The two doors that share these rules: what stands behind each answers what `answers` says. */
const doors: Record<string, (path: string, init?: RequestInit) => Promise<Response>> = {
  'the gate': async (path, init) => stack.request(path, init),
  'a protected function': async (path, init) =>
    protectedApp().request(issuer + path, init, { clientAddress: callerAddress }),
};
let made: ReturnType<typeof createProtectedApp> | undefined;
function protectedApp() {
  made ??= createProtectedApp(
    stack.authorization,
    { audience: 'api', scope: undefined },
    (request) => {
      handled.push(request);
      return answered.clone();
    },
    (event, fields) => void logged.push(JSON.stringify({ event, ...fields })),
  );
  return made;
}
const passed = () => handled.length + stack.received.length;
const bearer = async () => ({ authorization: `Bearer ${await stack.mint()}` });

function answers(headers: Record<string, string>): void {
  answered = new Response('{}', { headers });
  stack.upstreamAnswers((response) => response.writeHead(200, headers).end('{}'));
}

beforeAll(async () => {
  stack = await startGateStack({ policy });
});
afterEach(() => answers({}));
afterAll(() => stack.close());
beforeAll(() => answers({}));

const codeOf = async (response: Response) =>
  `${response.status} ${((await response.json()) as { code?: string }).code}`;

describe.each(Object.entries(doors))('OPTIONS at %s', (_, door) => {
  const preflight = { origin: partner, 'access-control-request-method': 'PUT' };
  const options = (headers: Record<string, string>, path = '/api/x') =>
    door(path, { method: 'OPTIONS', headers });

  test('is a preflight with Origin and Access-Control-Request-Method: it needs no token', async () => {
    const before = passed();
    const response = await options({ ...preflight, 'access-control-request-headers': 'authorization, x-a' });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe(partner);
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization, x-a');
    expect(response.headers.get('access-control-max-age')).toBe('600');
    expect(response.headers.get('access-control-expose-headers')).toBeNull();
    expect(passed()).toBe(before);
  });

  test.each(['OPTIONS', 'PATCH', 'PROPFIND'])('a preflight lets a page ask with %s', async (method) => {
    const response = await options({ ...preflight, 'access-control-request-method': method });
    expect(response.headers.get('access-control-allow-methods')?.split(', ')).toContain(method);
  });

  test.each([
    ['neither', {}],
    ['Origin alone', { origin: partner }],
    ['Access-Control-Request-Method alone', { 'access-control-request-method': 'PUT' }],
  ])('is a call with %s: it needs a token', async (_name, headers) => {
    const before = passed();
    expect(await codeOf(await options(headers))).toBe('401 token_missing');
    expect(passed()).toBe(before);
    answers({ allow: 'GET, OPTIONS', 'content-type': 'application/json' });
    const response = await options({ ...headers, ...(await bearer()) });
    expect(response.status).toBe(200);
    expect(response.headers.get('allow')).toBe('GET, OPTIONS');
    expect(await response.text()).toBe('{}');
    expect(passed()).toBe(before + 1);
  });

  test('is a call that a foreign page may not make', async () => {
    const headers = { origin: 'https://evil.example', ...(await bearer()) };
    expect(await codeOf(await options(headers))).toBe('403 foreign_origin');
  });

  test('is a call that counts', async () => {
    const headers = await bearer();
    const statuses = [];
    for (let call = 0; call < 3; call += 1) statuses.push((await options(headers)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

test('OPTIONS needs a route that takes it', async () => {
  const call = (path: string) => stack.call(path, { method: 'OPTIONS' });
  expect(await codeOf(await call('/api/items'))).toBe('405 method_not_allowed');
  expect(await codeOf(await call('/elsewhere'))).toBe('404 not_found');
  expect((await stack.request('/api/open/x', { method: 'OPTIONS' })).status).toBe(200);
});

test('the Hono middleware takes OPTIONS for a call like others', async () => {
  const app = new Hono().all('/api/x', requireAccessToken({ secret, issuer }), (c) => c.text('metadata'));
  expect((await app.request('/api/x', { method: 'OPTIONS' })).status).toBe(401);
  const response = await app.request('/api/x', { method: 'OPTIONS', headers: await bearer() });
  expect(await response.text()).toBe('metadata');
});

describe.each(Object.entries(doors))('a navigation from another site to %s', (name, door) => {
  const navigation = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  };

  test('passes the check of origins', async () => {
    expect((await door('/api/x', { headers: { ...navigation, ...(await bearer()) } })).status).toBe(200);
    // A link carries no token: what it meets is the check of tokens, or no check at an open route.
    expect(await codeOf(await door('/api/x', { headers: navigation }))).toBe('401 token_missing');
    if (name === 'the gate') {
      expect((await door('/api/open/confirm?key=1', { headers: navigation })).status).toBe(200);
    }
  });

  test.each<[string, Record<string, string>, string?]>([
    ['in a frame', { 'sec-fetch-dest': 'iframe' }],
    ['in a frame of a frameset', { 'sec-fetch-dest': 'frame' }],
    ['in an object', { 'sec-fetch-dest': 'object' }],
    ['in an embed', { 'sec-fetch-dest': 'embed' }],
    ['by a form that posts', {}, 'POST'],
    ['with a method that no link has', {}, 'HEAD'],
    ['with a method that no link has', {}, 'DELETE'],
    ['with a foreign Origin', { origin: 'https://evil.example' }],
    ['with an opaque Origin', { origin: 'null' }],
    ['that is none but a fetch', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
    ['that is none but a fetch without CORS', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'empty' }],
    ['that is none but an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['that is none but a script', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' }],
    ['that names no destination', { 'sec-fetch-dest': '' }],
    ['that names another mode', { 'sec-fetch-mode': 'websocket' }],
  ])('is refused %s', async (_what, changes, method = 'GET') => {
    const before = passed();
    const headers = { ...navigation, ...changes, ...(await bearer()) };
    const response = await door('/api/open/x', { method, headers });
    expect(response.status).toBe(403);
    if (method !== 'HEAD') expect(await codeOf(response)).toBe('403 foreign_origin');
    expect(passed()).toBe(before);
  });
});

describe.each(Object.entries(doors))('a page of another origin, answered by %s', (_, door) => {
  const ours = ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'WWW-Authenticate', 'X-Request-Id'];
  const from = async (origin?: string) =>
    (await door('/api/x', { headers: { ...(origin && { origin }), ...(await bearer()) } })).headers;
  const exposedTo = async (origin?: string) =>
    (await from(origin)).get('access-control-expose-headers')?.split(', ');

  test('reads our fields and those of the policy', async () => {
    expect(await exposedTo(partner)).toEqual([...ours, 'X-Total-Count']);
  });

  test('reads what stands behind exposes, too: each name once', async () => {
    answers({ 'access-control-expose-headers': 'ETag,, Link ,retry-after, x-total-count, etag' });
    expect(await exposedTo(partner)).toEqual([...ours, 'X-Total-Count', 'ETag', 'Link']);
    answers({ 'access-control-expose-headers': '*' });
    expect(await exposedTo(partner)).toEqual([...ours, 'X-Total-Count', '*']);
  });

  test('reads the fields of a refusal', async () => {
    const { headers } = await door('/api/x', { headers: { origin: partner } });
    expect(headers.get('access-control-expose-headers')?.split(', ')).toEqual([...ours, 'X-Total-Count']);
  });

  test('is allowed by the policy, never by what stands behind', async () => {
    answers({
      'access-control-allow-origin': '*',
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'BREW',
      'access-control-allow-headers': 'x-odd',
      'access-control-max-age': '86400',
      'access-control-expose-headers': 'ETag',
    });
    const named = (headers: Headers) =>
      Object.fromEntries([...headers].filter(([field]) => field.startsWith('access-control-')));
    expect(named(await from(partner))).toEqual({
      'access-control-allow-origin': partner,
      'access-control-expose-headers': [...ours, 'X-Total-Count', 'ETag'].join(', '),
    });
    // Nobody else asked for any of it.
    expect(named(await from())).toEqual({});
    expect(named(await from('https://evil.example'))).toEqual({});
  });
});

describe('credentials, which are not offered to other origins', () => {
  const lines = (log: readonly string[]) => log.filter((line) => line.includes('credentials_not_offered'));

  test.each([
    ['a call that brings a cookie', { cookie: 'sessionid=PrivateMarker' }, {}, 'cookie'],
    ['a backend that allows them', {}, { 'access-control-allow-credentials': 'true' }, 'upstream'],
  ])('%s is logged, once', async (_, sent, answered, sign) => {
    const fresh = await startGateStack({ policy });
    try {
      fresh.upstreamAnswers((response) => response.writeHead(200, answered).end());
      for (let call = 0; call < 3; call += 1) {
        await fresh.call('/api/x', { headers: { origin: partner, ...sent } });
      }
      const [line = '', ...more] = lines(fresh.logged);
      expect(more).toEqual([]);
      expect(JSON.parse(line)).toMatchObject({
        event: 'credentials_not_offered',
        sign,
        remedy: expect.stringContaining("credentials: 'omit'"),
      });
      expect(fresh.logged.join()).not.toContain('PrivateMarker');
    } finally {
      await fresh.close();
    }
  });

  test('is not logged where they are not wanted: own pages, foreign ones, programs', async () => {
    const fresh = await startGateStack({ policy });
    try {
      for (const headers of [{ origin: issuer }, { origin: 'https://evil.example' }, {}]) {
        await fresh.call('/api/x', { headers: { ...headers, cookie: 'a=1' } });
      }
      await fresh.call('/api/x', { headers: { origin: partner } });
      expect(lines(fresh.logged)).toEqual([]);
    } finally {
      await fresh.close();
    }
  });
});

test.each([
  [['not a name'], /exposeHeaders: must hold names of header fields/],
  [[''], /exposeHeaders: must hold names/],
  [[7], /exposeHeaders: must hold names/],
  ['ETag', /exposeHeaders: must be a list/],
  [['Set-Cookie'], /exposeHeaders: no browser shows Set-Cookie to a page/],
  [['set-cookie2'], /exposeHeaders: no browser shows set-cookie2 to a page/],
])('exposeHeaders: %j is a mistake at construction', (exposeHeaders, reason) => {
  const make = () => definePolicy({ exposeHeaders: exposeHeaders as string[] });
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(reason);
});

describe.each(Object.entries(doors))('an upgrade at %s', (_, door) => {
  const webSocket = {
    connection: 'keep-alive, Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };

  test('to a WebSocket is refused before the token, which no page can send with it', async () => {
    const before = passed();
    const response = await door('/api/x', { headers: webSocket });
    expect(response.status).toBe(501);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    const problem = (await response.json()) as { code: string; detail: string; title: string };
    expect(problem).toMatchObject({ code: 'upgrade_not_supported', title: 'Not Implemented' });
    expect(problem.detail).toMatch(/first message/);
    expect(problem.detail).toMatch(/server-sent events/);
    expect(passed()).toBe(before);
  });

  test('is known by either of its fields, as the platform may keep one back', async () => {
    const { upgrade, 'sec-websocket-key': key } = webSocket;
    for (const headers of [{ upgrade: 'h2c, WebSocket' }, { upgrade }, { 'sec-websocket-key': key }]) {
      expect(await codeOf(await door('/api/x', { headers: { ...headers, ...(await bearer()) } }))).toBe(
        '501 upgrade_not_supported',
      );
    }
  });

  test('by a foreign page is that first', async () => {
    const headers = { ...webSocket, origin: 'https://evil.example' };
    expect(await codeOf(await door('/api/x', { headers }))).toBe('403 foreign_origin');
  });

  test('that a client merely offers is not taken up (RFC 9110 §7.8)', async () => {
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABk' };
    expect((await door('/api/x', { headers: { ...headers, ...(await bearer()) } })).status).toBe(200);
  });
});
