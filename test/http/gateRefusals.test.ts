import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type ErrorCode, errorPage } from '../../src/protocol/codes.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { newSubject } from '../../src/token/mint.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { goodClaims, goodHeader, issuer, otherSecret, sign } from '../support/tokens.ts';

/** Longer than an upstream on this machine needs, however busy it is. */
const upstreamTimeoutSeconds = 3;
let stack: GateStack;
beforeAll(async () => {
  stack = await startGateStack({
    policy: {
      storeFailure: 'deny',
      limits: { session: { limit: 3, windowSeconds: 3600 }, address: { limit: 9999, windowSeconds: 3600 } },
      upstream: { timeoutSeconds: upstreamTimeoutSeconds },
      routes: [
        { path: '/api/admin/*', audience: 'admin' },
        { path: '/api/scoped', scope: 'read' },
        { path: '/api/read-only', methods: ['GET'] },
        { path: '/api/refusing', upstream: 'REFUSING' },
        { path: '/api/unset', upstream: 'UNSET' },
        { path: '/api/*' },
      ],
    },
    variables: { REFUSING: 'http://127.0.0.1:1/' },
  });
});
afterEach(() => {
  stack.redis.setFault(undefined);
  stack.upstreamAnswers();
});
afterAll(() => stack.close());

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const forge = (claims: object, header: object = {}, key?: string) => {
  const now = Math.floor(Date.now() / 1000);
  return sign(
    { ...goodHeader, ...header },
    { ...goodClaims, iat: now, exp: now + 300, auth_time: now - 7200, ...claims },
    key,
  );
};
const withForged = async (claims: object, header: object = {}, key?: string) =>
  stack.request('/api/x', bearer(await forge(claims, header, key)));

interface Refusal {
  call: () => Promise<Response>;
  refusal: string;
  /** What WWW-Authenticate says; null when it must be absent. */
  challenge: string | RegExp | null;
}

const unauthorized = /^Bearer realm="daypass", error="invalid_token", error_description="[^"]+"$/;
const now = () => Math.floor(Date.now() / 1000);

const refusals: Record<string, Refusal> = {
  'no token': {
    call: async () => stack.request('/api/x'),
    refusal: '401 token_missing',
    challenge: 'Bearer realm="daypass"',
  },
  'another scheme': {
    call: async () => stack.request('/api/x', { headers: { authorization: 'Basic YTpi' } }),
    refusal: '401 token_missing',
    challenge: 'Bearer realm="daypass"',
  },
  nonsense: {
    call: async () => stack.request('/api/x', bearer('nonsense')),
    refusal: '401 token_malformed',
    challenge: unauthorized,
  },
  'a token of 1 MB': {
    call: async () => stack.request('/api/x', bearer(`${'a'.repeat(1024 * 1024)}.b.c`)),
    refusal: '401 token_malformed',
    challenge: unauthorized,
  },
  'an expired token': {
    call: () => withForged({ iat: now() - 400, exp: now() - 31 }),
    refusal: '401 token_expired',
    challenge: unauthorized,
  },
  'a wrong secret': {
    call: () => withForged({}, {}, otherSecret),
    refusal: '401 token_signature',
    challenge: unauthorized,
  },
  'alg none': {
    call: () => withForged({}, { alg: 'none' }),
    refusal: '401 token_algorithm',
    challenge: unauthorized,
  },
  'another issuer': {
    call: () => withForged({ iss: 'https://other.example' }),
    refusal: '401 token_issuer',
    challenge: unauthorized,
  },
  'a deploy preview': {
    call: () => withForged({ deploy_context: 'deploy-preview' }),
    refusal: '401 token_deploy_context',
    challenge: unauthorized,
  },
  'a token of another audience': {
    call: async () => stack.call('/api/admin/x'),
    refusal: '401 token_key',
    challenge: unauthorized,
  },
  'a revoked session': {
    call: async () => {
      const subject = newSubject();
      const redis = createRedis(stack.redis);
      const session = await stack.privateKeys.hashIdentifier(subject);
      await createRevocations(redis, { now: () => Date.now() }).revoke(session, 600);
      return stack.call('/api/x', { token: await stack.mint({ subject }) });
    },
    refusal: '401 token_revoked',
    challenge: unauthorized,
  },
  'no scope': {
    call: async () => stack.call('/api/scoped'),
    refusal: '403 insufficient_scope',
    challenge: /^Bearer realm="daypass", error="insufficient_scope", error_description="[^"]+"$/,
  },
  'over the limit': {
    call: async () => {
      const token = await stack.mint();
      for (let call = 0; call < 3; call += 1) await stack.call('/api/x', { token });
      stack.received.length = 0;
      return stack.call('/api/x', { token });
    },
    refusal: '429 rate_limited',
    challenge: null,
  },
  'an encoded slash': {
    call: async () => stack.call('/api/a%2fb'),
    refusal: '400 path_refused',
    challenge: null,
  },
  'an encoded slash, no token': {
    call: async () => stack.request('/api/a%2fb'),
    refusal: '400 path_refused',
    challenge: null,
  },
  'no route': { call: async () => stack.call('/elsewhere'), refusal: '404 not_found', challenge: null },
  'another method': {
    call: async () => stack.call('/api/read-only', { method: 'POST', body: 'x' }),
    refusal: '405 method_not_allowed',
    challenge: null,
  },
  'a foreign origin': {
    call: async () => stack.call('/api/x', { headers: { origin: 'https://evil.example' } }),
    refusal: '403 foreign_origin',
    challenge: null,
  },
  'the origin null': {
    call: async () => stack.call('/api/x', { headers: { origin: 'null' } }),
    refusal: '403 foreign_origin',
    challenge: null,
  },
  'cross-site without an origin': {
    call: async () => stack.call('/api/x', { headers: { 'sec-fetch-site': 'cross-site' } }),
    refusal: '403 foreign_origin',
    challenge: null,
  },
  'an upstream that is not set': {
    call: async () => stack.call('/api/unset'),
    refusal: '503 not_configured',
    challenge: null,
  },
  'an upstream that refuses': {
    call: async () => stack.call('/api/refusing'),
    refusal: '502 upstream_unreachable',
    challenge: null,
  },
  'Redis away': {
    call: async () => {
      stack.redis.setFault({ kind: 'bad-gateway' });
      return stack.call('/api/x');
    },
    refusal: '503 store_unavailable',
    challenge: null,
  },
};

test.each(Object.entries(refusals))('%s', async (_, { call, refusal, challenge }) => {
  stack.received.length = 0;
  const response = await call();
  const text = await response.text();
  const problem = JSON.parse(text);
  expect(`${response.status} ${problem.code}`).toBe(refusal);
  expect(Object.keys(problem)).toEqual(['type', 'title', 'status', 'detail', 'code']);
  expect(problem).toMatchObject({ type: errorPage(problem.code), status: response.status });
  expect(problem.title).not.toBe('Error');
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
  const written = response.headers.get('www-authenticate');
  if (challenge instanceof RegExp) expect(written).toMatch(challenge);
  else expect(written).toBe(challenge);
  const mayTryAgain = [429, 502, 504].includes(response.status) || problem.code === 'store_unavailable';
  expect(response.headers.get('retry-after') ?? 'absent').toMatch(mayTryAgain ? /^[1-9]\d*$/ : /^absent$/);
  expect(text).not.toMatch(/\bat .+:\d+|node_modules|file:|\.ts\b/);
  expect(stack.received).toEqual([]);
});

test('all refused tokens look alike but for their code', async () => {
  const forged = ['nonsense', await forge({ exp: 1 }), await forge({}, {}, otherSecret)];
  const answers = forged.map(async (token) => {
    const response = await stack.request('/api/x', bearer(token));
    // The type is the link to the code's page.
    const { code, type, ...rest } = (await response.json()) as { code: string; type: string };
    expect(type).toBe(errorPage(code as ErrorCode));
    return { ...rest, challenge: response.headers.get('www-authenticate') };
  });
  const [first, ...others] = await Promise.all(answers);
  for (const other of others) expect(other).toEqual(first);
});

test('over the limit: when to come back, and what each limit allows', async () => {
  const token = await stack.mint();
  for (let call = 0; call < 3; call += 1) expect((await stack.call('/api/x', { token })).status).toBe(200);
  const refused = await stack.call('/api/x', { token });
  const seconds = Number(refused.headers.get('retry-after'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThanOrEqual(3600);
  expect(refused.headers.get('ratelimit-policy')).toBe('"session";q=3;w=3600, "address";q=9999;w=3600');
  expect(refused.headers.get('ratelimit')).toMatch(/^"session";r=0;t=\d+, "address";r=\d+;t=\d+$/);
  expect((await stack.call('/api/x')).status).toBe(200);
});

test('a method that the route does not take: which ones it does', async () => {
  const response = await stack.call('/api/read-only', { method: 'DELETE' });
  expect(response.headers.get('allow')).toContain('GET');
});

test('the upstream hung: 504, with the limits that the call was counted by', async () => {
  stack.upstreamAnswers(() => undefined);
  const response = await stack.call('/api/x');
  expect(response.status).toBe(504);
  expect(await response.json()).toMatchObject({ code: 'upstream_timeout', title: 'Gateway Timeout' });
  expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(response.headers.get('ratelimit')).toMatch(/^"session";r=2;/);
  expect(response.headers.get('vary')).toBe('Authorization, X-Daypass, Origin');
});

test.each(['hang', 'rubbish', 'bad-gateway'] as const)('Redis down (%s): 503', async (kind) => {
  stack.redis.setFault({ kind });
  const response = await stack.call('/api/x');
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: 'store_unavailable' });
  stack.redis.setFault(undefined);
  expect((await stack.call('/api/x')).status).toBe(200);
});

test('path before token, token before Redis', async () => {
  stack.redis.setFault({ kind: 'bad-gateway' });
  const before = stack.redis.requests;
  expect((await stack.request('/api/a%5cb')).status).toBe(400);
  expect((await stack.request('/api/x')).status).toBe(401);
  expect((await stack.call('/api/scoped')).status).toBe(403);
  expect(stack.redis.requests).toBe(before);
});

test('neither answers nor logs hold a token', async () => {
  const token = await forge({ iss: 'https://other.example' });
  const response = await stack.request('/api/x', bearer(token));
  expect(await response.text()).not.toContain(token.slice(-20));
  expect([...response.headers].join()).not.toContain(token.slice(-20));
  expect(stack.logged.length).toBeGreaterThan(0);
  expect(stack.logged.join('\n')).not.toMatch(/eyJ|203\.0\.113/);
  // The claims of a token that is signed right are the owner's to read: one of two settings is wrong.
  expect(stack.logged.join('\n')).toContain(
    String.raw`the token's iss is \"https://other.example\", and issuer is \"${issuer}\"`,
  );
});
