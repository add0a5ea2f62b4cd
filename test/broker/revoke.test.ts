import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { accessTokenType, type TokenResponse, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { type BrokerStack, outcome, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { command } from '../support/redisParts.ts';
import { goodClaims, goodHeader, sign } from '../support/tokens.ts';

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

const session = async () =>
  ((await (await stack.exchange(await stack.identityToken())).json()) as TokenResponse).access_token;
const revoke = (token: string) => stack.postForm('/session/revoke', { token });
const renew = (token: string) =>
  stack.postForm('/session/token', {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: accessTokenType,
  });

test('a revoked session cannot be renewed, and others can', async () => {
  const [token, other] = [await session(), await session()];
  expect(await outcome(await revoke(token))).toBe('200');
  expect(await outcome(await renew(token))).toBe('400 token_revoked');
  expect(await outcome(await renew(other))).toBe('200');
});

test('every token of the session goes, also one that was renewed before', async () => {
  const first = await session();
  const second = ((await (await renew(first)).json()) as TokenResponse).access_token;
  await revoke(first);
  expect(await outcome(await renew(second))).toBe('400 token_revoked');
});

test('an expired token ends its session too', async () => {
  const token = await session();
  now = start + 200;
  const renewed = ((await (await renew(token)).json()) as TokenResponse).access_token;
  now = start + 400;
  expect(await outcome(await revoke(token))).toBe('200');
  expect(await outcome(await renew(renewed))).toBe('400 token_revoked');
});

test('a session that the broker did not begin is not revoked, and nothing is written', async () => {
  const claims = { ...goodClaims, iss: siteUrl, iat: start, exp: start + 300, auth_time: start };
  const { sessionId, hashIdentifier } = stack.broker.privateKeys;
  const sid = await sessionId({ subject: claims.sub, audience: 'api', startedAt: start });
  const marks = async () => (await command(stack.redis, 'KEYS', 'daypass:revoked:*')) as string[];
  const before = (await marks()).length;
  const changes = [
    {},
    { sid: 'AAAAAAAAAAAAAAAAAAAAAA' },
    { sid, auth_time: start - 1 },
    { sid, auth_time: start + 3_155_760_000 },
    { sid, auth_time: Number.MAX_SAFE_INTEGER },
    { sid, auth_time: 2 ** 53 },
  ];
  for (const change of changes)
    expect(await outcome(await revoke(await sign(goodHeader, { ...claims, ...change })))).toBe('200');
  expect(await marks()).toHaveLength(before);
  expect(await outcome(await revoke(await sign(goodHeader, { ...claims, sid })))).toBe('200');
  expect(await marks()).toHaveLength(before + 1);
  expect(await stack.broker.revocations.isRevoked(await hashIdentifier(claims.sub))).toBe(true);
});

test('Authorization with another scheme is ignored: browsers send Basic by themselves', async () => {
  const token = await session();
  const answer = await stack.postForm('/session/revoke', { token }, { authorization: 'Basic YTpi' });
  expect(await outcome(answer)).toBe('200');
  expect(await outcome(await renew(token))).toBe('400 token_revoked');
});

test('the mark lives until nothing of the session could be accepted any more', async () => {
  const marks: { subject: string; ttlSeconds: number }[] = [];
  const { revocations } = stack.broker;
  stack.broker.revocations = {
    ...revocations,
    revoke: async (subject, ttlSeconds) => {
      marks.push({ subject, ttlSeconds });
      await revocations.revoke(subject, ttlSeconds);
    },
  };
  const token = await session();
  now = start + 100;
  await revoke(token);
  stack.broker.revocations = revocations;
  // Session, one more token minted at its very end, grace, skew.
  expect(marks[0]?.ttlSeconds).toBeGreaterThanOrEqual(43_200 + 300 + 3600 + 60 - 100);
  expect(marks[0]?.ttlSeconds).toBeLessThan(43_200 + 300 + 3600 + 120);
});

test.each(['nonsense', 'a.b.c', 'x'.repeat(5000)])('what is not a token is no error: %#', async (token) => {
  expect(await outcome(await revoke(token))).toBe('200');
});

test.each([
  ['no token', () => stack.postForm('/session/revoke', { other: 'x' }), '400 missing_parameter'],
  ['GET', () => stack.request('/session/revoke'), '405 method_not_allowed'],
  [
    'JSON',
    () => stack.request('/session/revoke', { method: 'POST', body: '{}' }),
    '400 unsupported_content_type',
  ],
  [
    'a foreign origin',
    () => stack.postForm('/session/revoke', { token: 'x' }, { origin: 'https://evil.example' }),
    '403 foreign_origin',
  ],
])('%s', async (_, call, expected) => {
  const response = await call();
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(await outcome(response)).toBe(expected);
});

test('Redis away: 503, so that no caller believes a session ended', async () => {
  const token = await session();
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await outcome(await revoke(token))).toBe('503 store_unavailable');
});
