import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { accessTokenType } from '../../src/protocol/oauth.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { sign } from '../support/tokens.ts';

// Each call is at fault at one step and at every later one: the answer names the first.

const foreign = { origin: 'https://evil.example' };
const once = { limit: 1, windowSeconds: 3600 };
let stack: BrokerStack;
/** An address whose limit of exchanges is used up. */
const tired = '198.51.100.9';
let fresh = 0;
const freshAddress = () => {
  fresh += 1;
  return `192.0.2.${fresh}`;
};

beforeAll(async () => {
  stack = await startBrokerStack({ policy: { limits: { exchange: once, site: once } } });
  expect((await post({}, tired, {}, await stack.identityToken())).status).toBe(200);
});
beforeEach(() => {
  stack.identity.faults.hangPaths = [];
});
afterEach(() => {
  stack.redis.setFault(undefined);
});
afterAll(() => stack.close());

async function post(
  fields: Record<string, string>,
  address: string,
  headers: Record<string, string> = {},
  token = '',
) {
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    ...fields,
  });
  return stack.request('/session/token', { method: 'POST', body, headers }, address);
}
const expired = () =>
  sign({ alg: 'HS256', typ: 'JWT', kid: 'nf-ident' }, { exp: 1_600_000_000, sub: crypto.randomUUID() });
const wellMade = () =>
  sign({ alg: 'HS256', typ: 'JWT', kid: 'nf-ident' }, { exp: 4_000_000_000, sub: crypto.randomUUID() });

test.each([
  ['the method', 'PUT', 'x', '405 method_not_allowed'],
  ['the form', 'POST', 'grant_type=x&grant_type=y', '400 repeated_parameter'],
])('%s comes before the origin', async (_, method, body, expected) => {
  const headers = { ...foreign, 'content-type': 'application/x-www-form-urlencoded' };
  expect(await outcome(await stack.request('/session/token', { method, body, headers }, tired))).toBe(
    expected,
  );
});

test.each(['nonsense', 'a.b.c', `${'x'.repeat(5000)}`, 'eyJhbGciOiJIUzI1NiJ9.e30.x=='])(
  'a token that is none (%#) comes before origin, limit and Redis, in every form',
  async (token) => {
    stack.redis.setFault({ kind: 'bad-gateway' });
    const before = stack.redis.requests;
    expect(await outcome(await post({}, tired, foreign, token))).toBe('400 subject_token_malformed');
    const renewal = { subject_token_type: accessTokenType };
    expect(await outcome(await post(renewal, tired, foreign, token))).toBe('400 token_malformed');
    const headers = { ...foreign, authorization: `Bearer ${token.replace(/=+$/, '')}` };
    const short = await stack.request('/session/token', { headers }, tired);
    expect(await outcome(short)).toBe('401 subject_token_malformed');
    expect(stack.redis.requests).toBe(before);
  },
);

test('the origin comes before the limit', async () => {
  expect(await outcome(await post({}, tired, foreign, await expired()))).toBe('403 foreign_origin');
});

test('an unknown audience or scope comes before the limit', async () => {
  expect(await outcome(await post({ audience: 'x' }, tired, {}, await expired()))).toBe('400 invalid_target');
  expect(await outcome(await post({ scope: 'x' }, tired, {}, await expired()))).toBe('400 invalid_scope');
});

test('the limit comes before the claims', async () => {
  expect(await outcome(await post({}, tired, {}, await expired()))).toBe('429 rate_limited');
});

test('the claims come before Identity', async () => {
  stack.identity.faults.hangPaths = ['/user'];
  expect(await outcome(await post({}, freshAddress(), {}, await expired()))).toBe(
    '400 subject_token_expired',
  );
});

test('Identity comes before the limit of the site', async () => {
  expect(await outcome(await post({}, freshAddress(), {}, await wellMade()))).toBe(
    '400 subject_token_rejected',
  );
});

test('the rule comes before the limit of the site', async () => {
  const token = await stack.identityToken('member@example.com');
  expect(await outcome(await post({}, freshAddress(), {}, token))).toBe('403 not_throwaway');
});

test('the limit of the site comes before claim and delete', async () => {
  const token = await stack.identityToken('patient@visitor.invalid');
  const user = stack.identity.users.list().find(({ email }) => email === 'patient@visitor.invalid');
  const response = await post({}, freshAddress(), {}, token);
  expect(response.headers.get('ratelimit-policy')).toBe('"site";q=1;w=3600');
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await outcome(response)).toBe('429 rate_limited');
  expect(stack.identity.users.list().map(({ id }) => id)).toContain(user?.id);
  expect(await stack.broker.claims.take(user?.id ?? '')).toBeTypeOf('string');
});
