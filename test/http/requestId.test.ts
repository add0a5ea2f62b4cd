import { Hono } from 'hono';
import { requestId as honoRequestId } from 'hono/request-id';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { App } from '../../src/http/context.ts';
import { createProtectedApp } from '../../src/http/gateApp.ts';
import { createUnconfiguredApp } from '../../src/http/statusPage.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import { type BrokerStack, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { type GuardStack, startGuardStack } from '../support/guardStack.ts';
import { issuer, secret } from '../support/tokens.ts';

const once = { limit: 1, windowSeconds: 3600 };
const partner = 'https://partner.example';
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
let gate: GateStack;
let broker: BrokerStack;
let guard: GuardStack;
let hello: App;
let unconfigured: App;
const helloLogged: string[] = [];
const unconfiguredLogged: string[] = [];
beforeAll(async () => {
  gate = await startGateStack({ policy: { limits: { session: once }, origins: [partner] } });
  broker = await startBrokerStack();
  guard = await startGuardStack({ policy: { limits: { login: once } } });
  const requirement = { audience: 'api', scope: undefined, path: 'hello' };
  hello = createProtectedApp(
    gate.authorization,
    requirement,
    (_request, _token, requestId) => new Response(requestId),
    (event, fields) => void helloLogged.push(JSON.stringify({ event, ...fields })),
  );
  unconfigured = createUnconfiguredApp(
    [],
    (event, fields) => void unconfiguredLogged.push(JSON.stringify({ event, ...fields })),
  );
});
afterAll(() => Promise.all([gate.close(), broker.close(), guard.close()]));

const basePath = '/.netlify/identity';

/** Each part of ours, and a call of it that is refused. */
interface Part {
  app: () => App;
  path: string;
  logged: () => string[];
  init?: RequestInit;
  /** What the log calls the address: never a path that callers have thought of. */
  route: string | undefined;
}

const parts: Record<string, Part> = {
  gate: { app: () => gate.app, path: '/api/x', logged: () => gate.logged, route: '/api/*' },
  'gate, no route': { app: () => gate.app, path: '/x', logged: () => gate.logged, route: undefined },
  'broker, token': {
    app: () => broker.app,
    path: '/session/token',
    logged: () => broker.logged,
    route: '/session/token',
  },
  'broker, revoke': {
    app: () => broker.app,
    path: '/session/revoke',
    logged: () => broker.logged,
    route: '/session/revoke',
  },
  'broker, introspect': {
    app: () => broker.app,
    path: '/session/introspect',
    logged: () => broker.logged,
    route: '/session/introspect',
  },
  guard: {
    app: () => guard.app,
    path: `${basePath}/signup%2f`,
    logged: () => guard.logged,
    route: undefined,
    init: { method: 'POST' },
  },
  'guard, token': {
    app: () => guard.app,
    path: `${basePath}/token`,
    logged: () => guard.logged,
    route: '/token',
    init: { method: 'POST', headers: { 'x-jwt-aud': 'other' } },
  },
  'a function of the site`s own': {
    app: () => hello,
    path: '/hello',
    logged: () => helloLogged,
    route: 'hello',
  },
};

const call = (app: App, path: string, requestId: string | undefined, init: RequestInit = {}) =>
  app.request(issuer + path, init, { clientAddress: '203.0.113.7', ...(requestId && { requestId }) });

describe.each(Object.entries(parts))('%s', (_, { app, path, logged, init, route }) => {
  test('answers with the platform`s id, which is in the line of the log', async () => {
    logged().length = 0;
    const response = await call(app(), path, '01HZX3J5Q8K2', init);
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(response.headers.get('x-request-id')).toBe('01HZX3J5Q8K2');
    expect(logged()).toHaveLength(1);
    const line = JSON.parse(logged()[0] ?? '');
    expect(line).toMatchObject({ event: 'refused', requestId: '01HZX3J5Q8K2' });
    expect([line.status, line.route]).toEqual([response.status, route]);
  });

  test.each([undefined, '', 'a b', 'ü', 'x'.repeat(129), 'a\nb'])('makes one in place of %o', async (id) => {
    logged().length = 0;
    const own = (await call(app(), path, id, init)).headers.get('x-request-id');
    expect(own).toMatch(uuid);
    expect(logged()[0]).toContain(own);
    expect((await call(app(), path, id, init)).headers.get('x-request-id')).not.toBe(own);
  });

  test('takes none from the caller', async () => {
    const headers = new Headers(init?.headers);
    headers.set('x-request-id', 'forged-1');
    headers.set('x-nf-request-id', 'forged-2');
    logged().length = 0;
    const response = await call(app(), path, undefined, { ...init, headers });
    expect(response.headers.get('x-request-id')).toMatch(uuid);
    expect(logged().join()).not.toContain('forged');
  });
});

test('every answer has one: a preflight, a status, an address that is not there, a broker that is not configured', async () => {
  const preflight = {
    method: 'OPTIONS',
    headers: { origin: partner, 'access-control-request-method': 'GET' },
  };
  for (const response of [
    await call(gate.app, '/api/x', 'r1', preflight),
    await call(broker.app, '/session/status', 'r1'),
    await call(broker.app, '/session/nowhere', 'r1'),
    await call(broker.app, '/session/token', 'r1', preflight),
    await call(unconfigured, '/session/token', 'r1'),
    await call(unconfigured, '/session/status', 'r1'),
    await call(unconfigured, '/api/x', 'r1'),
  ]) {
    expect(response.headers.get('x-request-id')).toBe('r1');
  }
});

test('what passes has it too, and so have function and upstream; the upstream`s own ends here', async () => {
  const headers = {
    authorization: `Bearer ${await gate.mint()}`,
    origin: partner,
    'x-request-id': 'forged',
    x_request_id: 'forged',
  };
  gate.upstreamAnswers((response) => {
    response.setHeader('x-request-id', 'of the upstream');
    response.end();
  });
  const response = await call(gate.app, '/api/x', 'r2', { headers });
  gate.upstreamAnswers();
  expect(response.status).toBe(200);
  expect(response.headers.get('x-request-id')).toBe('r2');
  expect(response.headers.get('access-control-expose-headers')).toContain('X-Request-Id');
  expect(gate.received.at(-1)?.headers['x-request-id']).toBe('r2');
  expect(JSON.stringify(gate.received.at(-1))).not.toContain('forged');

  const authorization = `Bearer ${await gate.mint()}`;
  const answer = await call(hello, '/hello', 'r3', { headers: { authorization } });
  expect([await answer.text(), answer.headers.get('x-request-id')]).toEqual(['r3', 'r3']);
});

test('a page that sends one of its own may, and it does not go on', async () => {
  const headers = {
    origin: partner,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'x-request-id',
  };
  const { headers: allowed } = await call(gate.app, '/api/x', 'r1', { method: 'OPTIONS', headers });
  expect(allowed.get('access-control-allow-headers')).toBe('x-request-id');
});

test('one visitor`s 429 is found in the log by the id in the answer', async () => {
  gate.logged.length = 0;
  const tokens = [await gate.mint(), await gate.mint(), await gate.mint()];
  const answers: Response[] = [];
  for (const token of [...tokens, ...tokens]) {
    answers.push(
      await call(gate.app, '/api/x', undefined, { headers: { authorization: `Bearer ${token}` } }),
    );
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429, 429]);
  const id = answers[4]?.headers.get('x-request-id') ?? '';
  const found = gate.logged.filter((line) => line.includes(id));
  expect(found).toHaveLength(1);
  expect(JSON.parse(found[0] ?? '')).toMatchObject({ event: 'refused', code: 'rate_limited' });
});

test('the guard names it where gotrue-js finds it, and does not change what Identity answers', async () => {
  const refused = await call(guard.app, `${basePath}/signup%2f`, 'r4', { method: 'POST' });
  expect(await refused.json()).toMatchObject({ error_id: 'r4', msg: expect.any(String) });
  const token = { method: 'POST', headers: { 'x-jwt-aud': 'other' } };
  const oauth = await call(guard.app, `${basePath}/token`, 'r5', token);
  expect(await oauth.json()).toMatchObject({ error_id: 'r5', code: 'audience_refused' });
  const passed = await call(guard.app, `${basePath}/settings`, 'r6');
  expect(passed.status).toBe(200);
  expect(passed.headers.has('x-request-id')).toBe(false);
});

describe('the Hono middleware', () => {
  const app = new Hono().get('/', requireAccessToken({ secret, issuer }), (c) => c.text(c.var.requestId));
  const ask = (headers: Record<string, string>) => app.request('/', { headers });

  test('answers with the id that the gate handed on', async () => {
    const authorization = `Bearer ${await gate.mint()}`;
    for (const headers of [{ 'x-request-id': 'r7' }, { 'x-request-id': 'r7', authorization }])
      expect((await ask(headers as Record<string, string>)).headers.get('x-request-id')).toBe('r7');
    const answer = await ask({ 'x-request-id': 'r7', authorization });
    expect(await answer.text()).toBe('r7');
  });

  test('adds it to an answer of fetch, and leaves one that the handler set', async () => {
    const authorization = `Bearer ${await gate.mint()}`;
    const check = requireAccessToken({ secret, issuer });
    const raw = new Hono()
      .get('/fetched', check, () => fetch(gate.redis.url))
      .get('/own', check, () => new Response('', { headers: { 'x-request-id': 'own' } }));
    for (const [path, id] of [
      ['/fetched', 'r8'],
      ['/own', 'own'],
    ] as const) {
      const answer = await raw.request(path, { headers: { authorization, 'x-request-id': 'r8' } });
      expect(answer.headers.get('x-request-id')).toBe(id);
    }
  });

  test('makes one where none that is given is short and printable', async () => {
    for (const id of ['', 'x'.repeat(129), 'a b'])
      expect((await ask({ 'x-request-id': id })).headers.get('x-request-id')).toMatch(uuid);
    expect((await ask({})).headers.get('x-request-id')).toMatch(uuid);
  });

  test('keeps the one that hono/request-id has made', async () => {
    const both = new Hono()
      .use(honoRequestId({ generator: () => 'made-by-hono' }))
      .get('/', requireAccessToken({ secret, issuer }), (c) => c.text(c.var.requestId));
    const authorization = `Bearer ${await gate.mint()}`;
    const answer = await both.request('/', { headers: { authorization } });
    expect([await answer.text(), answer.headers.get('x-request-id')]).toEqual([
      'made-by-hono',
      'made-by-hono',
    ]);
  });
});
