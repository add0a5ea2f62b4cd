import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProtectedApp } from '../../src/http/gateApp.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { issuer, secret } from '../support/tokens.ts';

// A site with a password: the browser sends Basic by itself, and the token travels in X-Daypass.

const basic = `Basic ${btoa('visitor:password')}`;
const partner = 'https://partner.example';
const routes = [{ path: '/api/open/*', verify: false }, { path: '/api/*' }];
let stack: GateStack;
let monitor: GateStack;
let broker: BrokerStack;
beforeAll(async () => {
  stack = await startGateStack({ policy: { routes, origins: [partner] } });
  monitor = await startGateStack({ policy: { routes, mode: 'monitor' } });
  broker = await startBrokerStack();
});
afterAll(() => Promise.all([stack.close(), monitor.close(), broker.close()]));

const repeated =
  'Bearer realm="daypass", error="invalid_request", error_description="Send the token in Authorization or in X-Daypass, not in both."';

describe('the gate', () => {
  test('hands the token of X-Daypass on as Authorization, and no password', async () => {
    const token = await stack.mint();
    const response = await stack.request('/api/x', {
      headers: { authorization: basic, 'x-daypass': token },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
    const { headers } = stack.received.at(-1) ?? {};
    expect(headers?.authorization).toBe(`Bearer ${token}`);
    expect(headers).not.toHaveProperty('x-daypass');
    expect(JSON.stringify(stack.received)).not.toContain(basic);
  });

  test('does so where no token is asked, too', async () => {
    const response = await stack.request('/api/open/x', {
      headers: { authorization: basic, 'x-daypass': 'a.b.c' },
    });
    expect(response.status).toBe(200);
    expect(stack.received.at(-1)?.headers.authorization).toBe('Bearer a.b.c');
  });

  test.each([
    ['/api/x', () => stack],
    ['/api/open/x', () => stack],
    ['/api/x', () => monitor],
    ['/api/open/x', () => monitor],
  ])('refuses two tokens at %s, in mode monitor as well', async (path, gate) => {
    const token = await gate().mint();
    const received = gate().received.length;
    const response = await gate().call(path, { token, headers: { 'x-daypass': token } });
    expect(response.headers.get('www-authenticate')).toBe(repeated);
    expect(await outcome(response)).toBe('400 token_repeated');
    expect(gate().received.length).toBe(received);
  });

  test('refuses in X-Daypass what it refuses in Authorization, with the same challenge', async () => {
    const token = await stack.mint({ audience: 'admin' });
    const response = await stack.request('/api/x', {
      headers: { authorization: basic, 'x-daypass': token },
    });
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="daypass", error="invalid_token", error_description="The access token was refused."',
    );
    expect(await outcome(response)).toBe('401 token_key');
  });

  test('lets pages of other origins send it', async () => {
    const response = await stack.request('/api/x', {
      method: 'OPTIONS',
      headers: {
        origin: partner,
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'x-daypass',
      },
    });
    expect(response.headers.get('access-control-allow-headers')).toMatch(/x-daypass/i);
  });
});

test('a function of the site`s own takes X-Daypass', async () => {
  const app = createProtectedApp(
    stack.authorization,
    { audience: 'api', scope: undefined },
    (_, { subject }) => new Response(subject),
    () => undefined,
  );
  const token = await stack.mint({ subject: 'anon_AAAAAAAAAAAAAAAAAAAAAA' });
  const call = (headers: Record<string, string>) => app.request(`${issuer}/hello`, { headers });
  const response = await call({ authorization: basic, 'x-daypass': token });
  expect(await response.text()).toBe('anon_AAAAAAAAAAAAAAAAAAAAAA');
  const both = await call({ authorization: `Bearer ${token}`, 'x-daypass': token });
  expect(await outcome(both)).toBe('400 token_repeated');
});

test('the Hono middleware takes X-Daypass', async () => {
  const app = new Hono().get('/', requireAccessToken({ secret, issuer }), (c) =>
    c.text(c.var.accessToken.subject),
  );
  const token = await stack.mint({ subject: 'anon_AAAAAAAAAAAAAAAAAAAAAA' });
  const response = await app.request('/', { headers: { authorization: basic, 'x-daypass': token } });
  expect(await response.text()).toBe('anon_AAAAAAAAAAAAAAAAAAAAAA');
  const both = await app.request('/', {
    headers: { authorization: `Bearer ${token}`, 'x-daypass': token },
  });
  expect(both.headers.get('www-authenticate')).toBe(repeated);
  expect(await outcome(both)).toBe('400 token_repeated');
});

describe('the broker', () => {
  test('exchanges by the form next to a password', async () => {
    const token = await broker.identityToken('form@visitor.invalid');
    expect((await broker.exchange(token, {}, { authorization: basic })).status).toBe(200);
  });

  test('exchanges by the short form, with the Identity token in X-Daypass', async () => {
    const token = await broker.identityToken('short@visitor.invalid');
    const headers = { authorization: basic, 'x-daypass': token };
    const response = await broker.request('/session/token', { method: 'POST', headers });
    expect(response.status).toBe(200);
    const again = await broker.request('/session/token', { method: 'POST', headers });
    expect(again.headers.get('www-authenticate')).toMatch(/^Bearer realm="daypass", error="invalid_token"/);
    expect(await outcome(again)).toBe('401 subject_token_user_gone');
  });

  test('refuses two tokens, and a token next to a form', async () => {
    const headers = { authorization: 'Bearer a.b.c', 'x-daypass': 'a.b.c' };
    expect(await outcome(await broker.request('/session/token', { headers }))).toBe('400 token_repeated');
    const form = await broker.exchange('a.b.c', {}, { 'x-daypass': 'a.b.c' });
    expect(await outcome(form)).toBe('400 malformed_request');
  });

  test('reports the counts to its owner next to a password', async () => {
    const bearer = await broker.broker.privateKeys.maintenanceBearer();
    const headers = { authorization: basic, 'x-daypass': bearer };
    expect((await broker.request('/session/stats', { headers })).status).toBe(200);
  });
});
