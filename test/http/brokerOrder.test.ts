import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { accessTokenType } from '../../src/protocol/messages.ts';
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
  stack = await startBrokerStack({ policy: { limits: { exchange: once } } });
  expect((await post({}, tired, {}, await stack.identityToken())).status).toBe(200);
  // This instance learns that the limit is used up from the first call beyond it.
  expect((await post({}, tired, {}, await stack.identityToken())).status).toBe(429);
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

const repeated = 'grant_type=x&grant_type=y';
const formType = { 'content-type': 'application/x-www-form-urlencoded' };

test('the method comes before the origin, and the origin before the form', async () => {
  const init = { body: repeated, headers: { ...foreign, ...formType } };
  const put = await stack.request('/session/token', { method: 'PUT', ...init }, tired);
  expect(await outcome(put)).toBe('405 method_not_allowed');
  const post = await stack.request('/session/token', { method: 'POST', ...init }, tired);
  expect(await outcome(post)).toBe('403 foreign_origin');
});

test('the form comes before the limit', async () => {
  const init = { method: 'POST', body: repeated, headers: formType };
  expect(await outcome(await stack.request('/session/token', init, tired))).toBe('400 repeated_parameter');
});

test.each(['nonsense', 'a.b.c', `${'x'.repeat(5000)}`, 'eyJhbGciOiJIUzI1NiJ9.e30.x=='])(
  'a malformed token (%#) is refused before limit and Redis, in every form',
  async (token) => {
    stack.redis.setFault({ kind: 'bad-gateway' });
    const before = stack.redis.requests;
    expect(await outcome(await post({}, tired, {}, token))).toBe('400 subject_token_malformed');
    const renewal = { subject_token_type: accessTokenType };
    expect(await outcome(await post(renewal, tired, {}, token))).toBe('400 token_malformed');
    const headers = { authorization: `Bearer ${token.replace(/=+$/, '')}` };
    const short = await stack.request('/session/token', { headers }, tired);
    expect(await outcome(short)).toBe('401 subject_token_malformed');
    expect(stack.redis.requests).toBe(before);
  },
);

test('the origin comes before the limit', async () => {
  expect(await outcome(await post({}, tired, foreign, await expired()))).toBe('403 foreign_origin');
});

test('an unknown audience or scope comes before the claims', async () => {
  expect(await outcome(await post({ audience: 'x' }, tired, {}, await expired()))).toBe('400 invalid_target');
  expect(await outcome(await post({ scope: 'x' }, tired, {}, await expired()))).toBe('400 invalid_scope');
});

test('the claims come before Identity', async () => {
  stack.identity.faults.hangPaths = ['/user'];
  expect(await outcome(await post({}, freshAddress(), {}, await expired()))).toBe(
    '400 subject_token_expired',
  );
});

test('the claims come before the limit of the address', async () => {
  expect(await outcome(await post({}, tired, {}, await expired()))).toBe('400 subject_token_expired');
});

test('a limit of the address that is known to be used up comes before Identity', async () => {
  stack.identity.faults.hangPaths = ['/user'];
  expect(await outcome(await post({}, tired, {}, await wellMade()))).toBe('429 rate_limited');
});

describe('the limit of the site, used up and not known to be', () => {
  let other: BrokerStack;
  let token: string;
  let userId: string;
  beforeAll(async () => {
    other = stack;
    stack = await startBrokerStack({ policy: { limits: { site: once } } });
    expect((await post({}, freshAddress(), {}, await stack.identityToken())).status).toBe(200);
    token = await stack.identityToken('patient@visitor.invalid');
    userId = stack.identity.users.list().find(({ email }) => email === 'patient@visitor.invalid')?.id ?? '';
  });
  afterAll(async () => {
    await stack.close();
    stack = other;
  });

  test('Identity comes first', async () => {
    expect(await outcome(await post({}, freshAddress(), {}, await wellMade()))).toBe(
      '400 subject_token_rejected',
    );
  });

  test('the rule comes first', async () => {
    const member = await stack.identityToken('member@example.com');
    expect(await outcome(await post({}, freshAddress(), {}, member))).toBe('403 not_throwaway');
  });

  test('the redemption comes first', async () => {
    const nonce = (await stack.broker.redemptions.reserve(userId)) ?? '';
    expect(await outcome(await post({}, freshAddress(), {}, token))).toBe('400 already_exchanged');
    await stack.broker.redemptions.release(userId, nonce);
  });

  test('the delete comes after, and the reservation is released', async () => {
    const response = await post({}, freshAddress(), {}, token);
    expect(response.headers.get('ratelimit-policy')).toBe('"site";q=1;w=3600, "exchange";q=300;w=60');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await outcome(response)).toBe('429 rate_limited');
    expect(stack.identity.users.list().map(({ id }) => id)).toContain(userId);
    expect(await stack.broker.redemptions.reserve(userId)).toBeTypeOf('string');
  });
});
