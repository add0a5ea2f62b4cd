import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { jwtTokenType, type TokenResponse, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { verifyToken } from '../../src/token/verify.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { ring, sign } from '../support/tokens.ts';

const wide = { limit: 1000, windowSeconds: 60 };
let stack: BrokerStack;
beforeAll(async () => {
  stack = await startBrokerStack({ policy: { limits: { exchange: wide, site: wide } } });
});
beforeEach(() => {
  stack.identity.faults.hangPaths = [];
  stack.identity.faults.answer = {};
  stack.redis.setFault(undefined);
});
afterAll(() => stack.close());

const emails = () => stack.identity.users.list().map((user) => user.email);

test('an Identity token becomes an access token, and its user is gone', async () => {
  const before = stack.identity.users.count();
  const token = await stack.identityToken('one@visitor.invalid');
  expect(emails()).toContain('one@visitor.invalid');
  const response = await stack.exchange(token);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const answer = (await response.json()) as TokenResponse;
  expect(answer).toMatchObject({
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'read write',
    session_expires_in: 43_200,
  });
  const verified = await verifyToken(answer.access_token, {
    keyRing: ring,
    issuer: siteUrl,
    deployContexts: ['production'],
    now: Math.floor(Date.now() / 1000),
  });
  expect(verified.sessionStartedAt).toBe(verified.issuedAt);
  expect(decodeProtectedHeader(answer.access_token)).toEqual({
    alg: 'HS256',
    typ: 'JWT',
    kid: ring.primary.id,
  });
  expect(stack.identity.users.count()).toBe(before);
});

test('nothing that the user wrote about itself reaches the access token', async () => {
  const user = stack.identity.users.plant({
    email: 'meta@visitor.invalid',
    userMetadata: { sub: 'anon_x', scope: 'admin', full_name: 'No One' },
  });
  const response = await stack.exchange(await stack.identity.signAccessToken(user.id));
  const { access_token } = (await response.json()) as TokenResponse;
  const claims = decodeJwt(access_token);
  expect(Object.keys(claims).sort()).toEqual(
    ['aud', 'auth_time', 'deploy_context', 'exp', 'iat', 'iss', 'jti', 'scope', 'sid', 'sub'].sort(),
  );
  expect(JSON.stringify(claims)).not.toMatch(/No One|admin|meta@/);
});

test('a form with Basic, as a browser sends it to a site with a password, gives a token', async () => {
  const fields = {
    grant_type: tokenExchangeGrant,
    subject_token: await stack.identityToken(),
    subject_token_type: jwtTokenType,
  };
  const headers = { authorization: 'Basic c2l0ZTpwYXNzd29yZA==' };
  expect(await outcome(await stack.postForm('/session/token', fields, headers))).toBe('200');
  // And its errors are those of the form.
  const again = await stack.postForm('/session/token', fields, headers);
  expect(again.headers.get('www-authenticate')).toBeNull();
  expect(again.status).toBe(400);
});

test.each(['GET', 'POST'])('Basic without a token, %s: 401 without an error code', async (method) => {
  const response = await stack.request('/session/token', {
    method,
    headers: { authorization: 'Basic YTpi' },
  });
  expect(response.headers.get('www-authenticate')).toBe('Bearer realm="daypass"');
  expect(await outcome(response)).toBe('401 token_missing');
});

test.each(['GET', 'POST'])('the short form, %s, gives the same', async (method) => {
  const headers = { authorization: `Bearer ${await stack.identityToken()}` };
  const response = await stack.request('/session/token', { method, headers });
  expect(await response.json()).toMatchObject({ token_type: 'Bearer', expires_in: 300 });
});

test('the same token a second time', async () => {
  const token = await stack.identityToken();
  expect(await outcome(await stack.exchange(token))).toBe('200');
  // Identity no longer knows the user, so it says so before the redemption is looked at.
  expect(await outcome(await stack.exchange(token))).toBe('400 subject_token_user_gone');
});

test('the same token twice at once: one access token', async () => {
  const token = await stack.identityToken();
  const outcomes = await Promise.all(
    [stack.exchange(token), stack.exchange(token)].map(async (call) => outcome(await call)),
  );
  expect(outcomes.filter((result) => result === '200')).toHaveLength(1);
  expect(outcomes.filter((result) => result !== '200')[0]).toMatch(
    /^400 (already_exchanged|subject_token_user_gone)$/,
  );
});

test('a narrower scope, and another audience with its own key', async () => {
  const narrow = (await (
    await stack.exchange(await stack.identityToken(), { scope: 'read' })
  ).json()) as TokenResponse;
  expect(narrow.scope).toBe('read');
  const other = await stack.exchange(await stack.identityToken(), { audience: 'admin' });
  const { access_token } = (await other.json()) as TokenResponse;
  expect(decodeJwt(access_token).aud).toBe('admin');
  expect(decodeProtectedHeader(access_token).kid).not.toBe(ring.primary.id);
});

test.each([
  [{ audience: 'nobody' }, '400 invalid_target'],
  [{ audience: '__proto__' }, '400 invalid_target'],
  [{ scope: 'read admin' }, '400 invalid_scope'],
  [{ subject_token: 'nonsense' }, '400 subject_token_malformed'],
  [{ grant_type: 'password' }, '400 unsupported_grant_type'],
])('%o: %s, and the user stays', async (fields, expected) => {
  const token = await stack.identityToken();
  const count = stack.identity.users.count();
  expect(await outcome(await stack.exchange(token, fields))).toBe(expected);
  expect(stack.identity.users.count()).toBe(count);
});

test('a token that Identity did not sign', async () => {
  const forged = await sign(
    { alg: 'HS256', kid: 'nf-ident', typ: 'JWT' },
    { exp: Math.floor(Date.now() / 1000) + 3600, sub: crypto.randomUUID() },
  );
  expect(await outcome(await stack.exchange(forged))).toBe('400 subject_token_rejected');
  const short = await stack.request('/session/token', { headers: { authorization: `Bearer ${forged}` } });
  expect(short.headers.get('www-authenticate')).toMatch(/^Bearer realm="daypass", error="invalid_token"/);
  expect(await outcome(short)).toBe('401 subject_token_rejected');
});

test.each(['member@example.com', 'm@visitor.invalid.example.com', 'm@sub.visitor.invalid'])(
  'a member (%s) is refused and unchanged, in both forms',
  async (email) => {
    const token = await stack.identityToken(email);
    expect(await outcome(await stack.exchange(token))).toBe('403 not_throwaway');
    const headers = { authorization: `Bearer ${token}` };
    expect(await outcome(await stack.request('/session/token', { headers }))).toBe('403 not_throwaway');
    expect(emails()).toContain(email);
  },
);

test("a role of GoTrue's own makes a member, and the log says what sets it", async () => {
  const user = stack.identity.users.plant({ email: 'role@visitor.invalid', role: 'editor' });
  const token = await stack.identity.signAccessToken(user.id);
  expect(await outcome(await stack.exchange(token))).toBe('403 not_throwaway');
  expect(emails()).toContain('role@visitor.invalid');
  expect(stack.logged.at(-1)).toContain('GOTRUE_JWT_DEFAULT_GROUP_NAME');
});

test("an Identity with GOTRUE_JWT_AUD: the policy's audience is exchanged, and no other", async () => {
  const named = await startBrokerStack({ policy: { identity: { audience: 'site' } } });
  try {
    const plant = (email: string, aud: string) => named.identity.users.plant({ email, aud }).id;
    const ours = await named.identity.signAccessToken(plant('a@visitor.invalid', 'site'));
    const foreign = await named.identity.signAccessToken(plant('b@visitor.invalid', ''));
    expect(await outcome(await named.exchange(ours))).toBe('200');
    const refused = await named.exchange(foreign);
    expect(await refused.clone().text()).not.toContain('daypass.config');
    expect(await outcome(refused)).toBe('400 subject_token_claims');
    expect(named.logged.at(-1)).toContain('identity: { audience');
    expect(named.identity.users.list().map(({ email }) => email)).toEqual(['b@visitor.invalid']);
  } finally {
    await named.close();
  }
});

test('a throwaway user of yesterday is refused and unchanged', async () => {
  const createdAt = new Date(Date.now() - 24 * 3600_000).toISOString();
  const user = stack.identity.users.plant({ email: 'old@visitor.invalid', createdAt });
  const token = await stack.identity.signAccessToken(user.id);
  expect(await outcome(await stack.exchange(token))).toBe('403 not_throwaway');
  expect(emails()).toContain('old@visitor.invalid');
});

test('GET /user fails: 503 with Retry-After, nothing deleted', async () => {
  const token = await stack.identityToken('kept@visitor.invalid');
  stack.identity.faults.answer = { '/user': 500 };
  const response = await stack.exchange(token);
  expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(await outcome(response)).toBe('503 identity_unavailable');
  expect(emails()).toContain('kept@visitor.invalid');
});

test('DELETE fails: 503, no token, and the reservation is released, so that the next try succeeds', async () => {
  const token = await stack.identityToken('again@visitor.invalid');
  const { id } = stack.identity.users.list().find((user) => user.email === 'again@visitor.invalid') as {
    id: string;
  };
  stack.identity.faults.answer = { [`/admin/users/${id}`]: 500 };
  expect(await outcome(await stack.exchange(token))).toBe('503 identity_unavailable');
  stack.identity.faults.answer = {};
  expect(await outcome(await stack.exchange(token))).toBe('200');
});

test('DELETE finds no user: already exchanged', async () => {
  const token = await stack.identityToken('gone@visitor.invalid');
  const { id } = stack.identity.users.list().find((user) => user.email === 'gone@visitor.invalid') as {
    id: string;
  };
  stack.identity.faults.answer = { [`/admin/users/${id}`]: 404 };
  expect(await outcome(await stack.exchange(token))).toBe('400 already_exchanged');
});

test('the redemption is reserved: already exchanged, and the user stays for the holder of the reservation', async () => {
  const token = await stack.identityToken('reserved@visitor.invalid');
  const { id } = stack.identity.users.list().find((user) => user.email === 'reserved@visitor.invalid') as {
    id: string;
  };
  await stack.broker.redemptions.reserve(id);
  expect(await outcome(await stack.exchange(token))).toBe('400 already_exchanged');
  expect(emails()).toContain('reserved@visitor.invalid');
});

test('Redis away: 503, no token, and the user stays', async () => {
  const token = await stack.identityToken('redis@visitor.invalid');
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await outcome(await stack.exchange(token))).toBe('503 store_unavailable');
  expect(emails()).toContain('redis@visitor.invalid');
});

test('Identity hung: 503 when its time is up, nothing minted', async () => {
  const token = await stack.identityToken();
  stack.identity.faults.hangPaths = ['/user'];
  expect(stack.broker.identityBudgetMilliseconds).toBe(3000);
  stack.broker.identityBudgetMilliseconds = 300;
  expect(await outcome(await stack.exchange(token))).toBe('503 identity_unavailable');
  stack.broker.identityBudgetMilliseconds = 3000;
});

test('neither answers nor logs hold a token', async () => {
  const token = await stack.identityToken();
  for (const fields of [{}, { audience: 'x' }, { scope: '"' }]) await stack.exchange(token, fields);
  const log = stack.logged.join('\n');
  expect(log).not.toContain(token);
  expect(log).not.toMatch(/eyJ/);
});
