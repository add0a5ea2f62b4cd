import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { expect, test } from 'vitest';
import { requireAccessToken } from '../../src/package/hono.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import {
  goodClaims,
  goodHeader,
  issuer,
  now,
  otherSecret,
  secret,
  sign,
  subject,
} from '../support/tokens.ts';

const options = { secret, issuer, now: () => now * 1000, warn: () => undefined, debug: false };
const app = new Hono()
  .get('/open', (c) => c.text('open'))
  .get('/closed', requireAccessToken(options), (c) => c.json({ hello: c.var.accessToken.subject }))
  .get('/scoped', requireAccessToken({ ...options, scope: 'read' }), (c) => c.json(c.var.accessToken.scopes));

const call = async (path: string, claims: object = {}, key?: string) =>
  app.request(path, {
    headers: { authorization: `Bearer ${await sign(goodHeader, { ...goodClaims, ...claims }, key)}` },
  });

test('handlers behind it know the token', async () => {
  expect(await (await call('/closed')).json()).toEqual({ hello: subject });
  expect(await (await call('/scoped', { scope: 'write read' })).json()).toEqual(['write', 'read']);
});

test('what does not ask for it stays open', async () => {
  expect((await app.request('/open')).status).toBe(200);
});

test('no token: 401 without an error code', async () => {
  const response = await app.request('/closed');
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ code: 'token_missing', status: 401 });
});

test.each([
  [{ exp: now - 31 }, undefined, 'token_lifetime'],
  [{ iat: now - 400, exp: now - 31 }, undefined, 'token_expired'],
  [{ aud: 'admin' }, undefined, 'token_audience'],
  [{ iss: 'https://other.example' }, undefined, 'token_issuer'],
  [{ deploy_context: 'dev' }, undefined, 'token_deploy_context'],
  [{}, otherSecret, 'token_signature'],
])('refuses %o %s', async (claims, key, code) => {
  const response = await call('/closed', claims, key);
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe(
    'Bearer realm="daypass", error="invalid_token", error_description="The access token was refused."',
  );
  expect(await response.json()).toMatchObject({ code, detail: 'The access token was refused.' });
});

test.each([
  [
    { deploy_context: 'dev' },
    `the token's deploy_context is "dev", and deployContexts is "production"`,
    "deployContexts: ['dev']",
  ],
  [
    { iss: 'http://localhost:8888', deploy_context: 'dev' },
    'issuer is "https://site.example"',
    "deployContexts: ['dev']",
  ],
  [{ aud: 'shop' }, `the token's aud is "shop", and audience is "api"`, 'Correct the setting'],
])(
  'in debug mode, a 401 names the option that refuses %o, and the challenge does not',
  async (claims, words, remedy) => {
    const debugging = new Hono().get(
      '/closed',
      requireAccessToken({ ...options, debug: true, warn: () => undefined }),
      (c) => c.text(''),
    );
    const authorization = `Bearer ${await sign(goodHeader, { ...goodClaims, ...claims })}`;
    const response = await debugging.request('/closed', { headers: { authorization } });
    const { detail } = (await response.json()) as { detail: string };
    expect(detail).toContain(words);
    expect(detail).toContain(remedy);
    expect(detail).not.toContain(authorization.slice(-20));
    expect(response.headers.get('www-authenticate')).toContain(
      'error_description="The access token was refused."',
    );
  },
);

test.each([
  [{ iat: now - 400, exp: now - 31 }, undefined],
  [{ sub: 'somebody' }, undefined],
  [{ deploy_context: 'dev' }, otherSecret],
])('in debug mode, nothing is said of %o %s', async (claims, key) => {
  const debugging = new Hono().get('/closed', requireAccessToken({ ...options, debug: true }), (c) =>
    c.text(''),
  );
  const authorization = `Bearer ${await sign(goodHeader, { ...goodClaims, ...claims }, key)}`;
  const response = await debugging.request('/closed', { headers: { authorization } });
  expect(await response.json()).toMatchObject({ detail: 'The access token was refused.' });
});

test('the scope is missing: 403', async () => {
  const response = await call('/scoped', { scope: 'reader' });
  expect(response.status).toBe(403);
  expect(response.headers.get('www-authenticate')).toMatch(/error="insufficient_scope"/);
  expect(await response.json()).toMatchObject({ code: 'insufficient_scope' });
});

test.each([
  [{ secret: undefined }, /^secret is missing/],
  [{ secret: 'changeme-changeme-changeme-changeme' }, /^secret is a placeholder/],
  [{ issuer: 'https://site.example/' }, /^issuer must be an origin/],
  [{ audience: '' }, /^audience/],
])('a mistake in the options is one at start: %o', (mistake, reason) => {
  const make = () => requireAccessToken({ ...options, ...mistake });
  expect(make).toThrow(TypeError);
  expect(make).toThrow(ConfigurationError);
  expect(make).toThrow(reason);
});

test('answers, refusals and errors are one caller’s, and what others say in Vary stays', async () => {
  const check = requireAccessToken(options);
  const varied = new Hono()
    .use('/cors', cors({ origin: 'https://app.example' }))
    .get('/plain', check, (c) => c.text(''))
    .get('/cors', check, check, (c) => c.text(''))
    .get('/own', check, () => new Response('', { headers: { vary: 'Accept-Language, authorization' } }))
    .get('/broken', check, () => {
      throw new Error('of the app');
    })
    .onError((_, c) => c.text('broken', 500));
  const authorization = `Bearer ${await sign(goodHeader, goodClaims)}`;
  const vary = async (path: string, headers: Record<string, string>) =>
    (await varied.request(path, { headers })).headers.get('vary');
  const alsoOrigin = /^(Origin, Authorization, X-Daypass|Authorization, X-Daypass, Origin)$/;
  expect(await vary('/plain', { authorization })).toBe('Authorization, X-Daypass');
  expect(await vary('/plain', {})).toBe('Authorization, X-Daypass');
  expect(await vary('/cors', { authorization })).toMatch(alsoOrigin);
  expect(await vary('/cors', {})).toMatch(alsoOrigin);
  expect(await vary('/own', { authorization })).toBe('Accept-Language, authorization, X-Daypass');
  expect(await vary('/broken', { authorization })).toBe('Authorization, X-Daypass');
});
