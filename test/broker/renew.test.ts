import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { accessTokenType, type TokenResponse, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { mintAccessToken } from '../../src/token/mint.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { command } from '../support/redisParts.ts';
import { goodClaims, goodHeader, otherSecret, secret, sign } from '../support/tokens.ts';

const start = Math.floor(Date.now() / 1000);
let now = start;
let stack: BrokerStack;
beforeAll(async () => {
  stack = await startBrokerStack({ now: () => now });
});
afterEach(() => {
  now = start;
  stack.redis.setFault(undefined);
});
afterAll(() => stack.close());

const renew = (token: string, fields: Record<string, string> = {}) =>
  stack.postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
    ...fields,
  });
const session = async () =>
  ((await (await stack.exchange(await stack.identityToken())).json()) as TokenResponse).access_token;
const read = async (response: Response) => (await response.json()) as TokenResponse;
/** A token by the audience's own key, of a session that the broker could have begun. */
const forge = async (changes: Record<string, unknown>, header: object = {}, key = secret) => {
  const claims = { ...goodClaims, iss: siteUrl, iat: start, exp: start + 300, auth_time: start, ...changes };
  const session = { subject: claims.sub, audience: claims.aud, startedAt: claims.auth_time };
  const sid = await stack.broker.privateKeys.sessionId(session);
  return sign({ ...goodHeader, ...header }, { sid, ...claims }, key);
};

test('the next token is of the same session, with a new jti', async () => {
  const token = await session();
  now = start + 240;
  const answer = await read(await renew(token));
  const [before, after] = [decodeJwt(token), decodeJwt(answer.access_token)];
  expect(answer.session_expires_in).toBe(43_200 - 240);
  expect([after.sub, after.aud, after.auth_time]).toEqual([before.sub, before.aud, before.auth_time]);
  expect(after.jti).not.toBe(before.jti);
  expect(after.exp).toBe(start + 540);
});

test('an expired token renews within its grace, and not after', async () => {
  const token = await session();
  now = start + 300 + 30 + 3599;
  expect(await outcome(await renew(token))).toBe('200');
  now = start + 300 + 30 + 3600;
  expect(await outcome(await renew(token))).toBe('400 token_expired');
});

test('a broker that has revoked a session renews it no more, though Redis has lost the mark', async () => {
  const token = await session();
  expect((await stack.postForm('/session/revoke', { token })).status).toBe(200);
  const hash = await stack.broker.privateKeys.hashIdentifier(String(decodeJwt(token).sub));
  expect(await command(stack.redis, 'DEL', `daypass:revoked:${hash}`)).toBe(1);
  expect(await outcome(await renew(token))).toBe('400 token_revoked');
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await outcome(await renew(token))).toBe('400 token_revoked');
});

test('a session ends, however often it was renewed', async () => {
  let token = await session();
  for (now = start + 3600; now < start + 43_200; now += 3600)
    token = (await read(await renew(token))).access_token;
  now = start + 43_199;
  expect((await read(await renew(token))).session_expires_in).toBe(1);
  now = start + 43_200;
  expect(await outcome(await renew(token))).toBe('400 session_ended');
});

test('a broker whose clock is behind that of the one which began the session renews it all the same', async () => {
  const token = await session();
  now = start - 20;
  const answer = await read(await renew(token));
  // A token that was issued before its session began would be refused everywhere.
  expect(decodeJwt(answer.access_token)).toMatchObject({ iat: start, auth_time: start });
  expect(await outcome(await renew(answer.access_token))).toBe('200');
});

test('scope may only narrow, for good', async () => {
  const token = await session();
  const narrow = await read(await renew(token, { scope: 'read' }));
  expect(narrow.scope).toBe('read');
  expect(await outcome(await renew(narrow.access_token, { scope: 'read write' }))).toBe('400 invalid_scope');
  expect((await read(await renew(narrow.access_token))).scope).toBe('read');
});

test('a token of one audience never becomes one of another', async () => {
  const token = await session();
  expect(await outcome(await renew(token, { audience: 'api' }))).toBe('200');
  expect(await outcome(await renew(token, { audience: 'admin' }))).toBe('400 invalid_target');
  expect(await outcome(await renew(token, { audience: 'nobody' }))).toBe('400 invalid_target');
});

test('the key of one audience cannot forge for another', async () => {
  const admin = await createKeyRing({ audience: 'admin', secret: otherSecret });
  const byAdmin = { kid: admin.primary.id };
  expect(await outcome(await renew(await forge({ aud: 'api' }, byAdmin, otherSecret)))).toBe(
    '400 token_audience',
  );
  expect(await outcome(await renew(await forge({ aud: 'api' }, {}, otherSecret)))).toBe(
    '400 token_signature',
  );
});

test('a token of the secondary secret is renewed with the primary one', async () => {
  const secondary = 'p4VtN7xKq2bZ9mR6wH1cJ8yF3gL5sD0a-second';
  const rotated = await startBrokerStack({ variables: { SECONDARY: secondary }, now: () => now });
  const keyRing = await createKeyRing({ audience: 'api', secret: secondary });
  const token = await mintAccessToken({
    keyRing,
    issuer: siteUrl,
    subject: goodClaims.sub,
    scopes: [],
    deployContext: 'production',
    ttlSeconds: 300,
    sessionStartedAt: start,
    sessionId: await rotated.broker.privateKeys.sessionId({
      subject: goodClaims.sub,
      audience: 'api',
      startedAt: start,
    }),
    now: start,
  });
  const answer = await rotated.postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
  });
  const { access_token } = await read(answer);
  expect(decodeProtectedHeader(access_token).kid).toBe(goodHeader.kid);
  await rotated.close();
});

test.each([
  [{ iss: 'https://other.example' }, '400 token_issuer'],
  [{ deploy_context: 'deploy-preview' }, '400 token_deploy_context'],
  [{ auth_time: undefined }, '400 session_unknown'],
  [{ sid: undefined }, '400 session_unknown'],
  [{ sid: '' }, '400 session_unknown'],
  [{ sid: null }, '400 session_unknown'],
  [{ sid: 'AAAAAAAAAAAAAAAAAAAAAA' }, '400 session_unknown'],
  [{ auth_time: start + 1 }, '400 token_claims'],
  [{ auth_time: start + 3_155_760_000 }, '400 token_claims'],
  [{ auth_time: Number.MAX_SAFE_INTEGER }, '400 token_claims'],
  [{ sub: crypto.randomUUID() }, '400 token_subject'],
])('refuses %o', async (changes, expected) => {
  expect(await outcome(await renew(await forge(changes)))).toBe(expected);
});

test('what the broker could have begun renews, and only that: sid fits one sub, aud and auth_time', async () => {
  const { sessionId } = stack.broker.privateKeys;
  expect(await outcome(await renew(await forge({})))).toBe('200');
  const session = { subject: goodClaims.sub, audience: 'api', startedAt: start };
  const others = [
    { ...session, subject: 'anon_BBBBBBBBBBBBBBBBBBBBBB' },
    { ...session, audience: 'admin' },
    { ...session, startedAt: start - 1 },
  ];
  for (const other of others) {
    const token = await forge({ sid: await sessionId(other) });
    expect(await outcome(await renew(token))).toBe('400 session_unknown');
  }
});

test('scopes that left the policy leave the token, unless they are asked for by name', async () => {
  const token = await forge({ scope: 'read gone write' });
  expect((await read(await renew(token))).scope).toBe('read write');
  expect((await read(await renew(token, { scope: 'write' }))).scope).toBe('write');
  expect(await outcome(await renew(token, { scope: 'gone' }))).toBe('400 invalid_scope');
});

test('a session that began before DAYPASS_SESSIONS_NOT_BEFORE is not renewed, a later one is', async () => {
  const notBefore = new Date((start - 60) * 1000).toISOString();
  const switched = await startBrokerStack({
    now: () => now,
    redis: stack.redis,
    variables: { DAYPASS_SESSIONS_NOT_BEFORE: notBefore },
  });
  const renewAt = async (authTime: number) =>
    outcome(
      await switched.postForm('/session/token', {
        grant_type: tokenExchangeGrant,
        subject_token: await forge({ auth_time: authTime }),
        subject_token_type: accessTokenType,
      }),
    );
  expect(await renewAt(start - 61)).toBe('400 session_ended');
  expect(await renewAt(start - 60)).toBe('200');
  await switched.close();
});

test('an Identity token is no access token, and the other way round', async () => {
  const token = await stack.identityToken();
  expect(await outcome(await renew(token))).toBe('400 token_key');
  expect(await outcome(await stack.exchange(await session()))).toBe('400 subject_token_claims');
  const headers = { authorization: `Bearer ${await session()}` };
  expect(await outcome(await stack.request('/session/token', { headers }))).toBe('401 subject_token_claims');
});

test('renewals of one session are limited, with what the caller needs to know', async () => {
  const token = await session();
  const outcomes: string[] = [];
  for (let call = 0; call < 21; call += 1) outcomes.push(await outcome(await renew(token)));
  expect(outcomes.filter((result) => result === '200')).toHaveLength(20);
  const refused = await renew(token);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(refused.headers.get('ratelimit-policy')).toBe('"renewal";q=20;w=300');
  expect(refused.headers.get('ratelimit')).toMatch(/^"renewal";r=0;t=\d+$/);
  // Upstash bills commands: a flood that is known to be one costs none.
  const before = stack.redis.commands;
  for (let call = 0; call < 5; call += 1) expect((await renew(token)).status).toBe(429);
  expect(stack.redis.commands).toBe(before);
  // Another session has its own count.
  expect(await outcome(await renew(await session()))).toBe('200');
});

test('revocation and limit of a renewal are one Redis round trip', async () => {
  const token = await session();
  await renew(token);
  const before = stack.redis.requests;
  await renew(token);
  expect(stack.redis.requests - before).toBe(1);
});

test('Redis away: 503, and the caller keeps what it has', async () => {
  const token = await session();
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await outcome(await renew(token))).toBe('503 store_unavailable');
  stack.redis.setFault(undefined);
  expect(await outcome(await renew(token))).toBe('200');
});
