import { expect, test, vi } from 'vitest';
import {
  createKeyRing,
  createPrivateKeys,
  findKey,
  makeSecretCommand,
  SecretChecks,
  secretWeakness,
} from '../../src/token/keys.ts';
import { otherSecret, privateSecret, secret, subject } from '../support/tokens.ts';

test.each([
  [undefined, 'is missing'],
  ['', 'is missing'],
  ['short', 'is shorter than 32 bytes'],
  ['u1ZkQ0yXr8mT5nB2vC7wE4hJ9pL6sD3', 'is shorter than 32 bytes'],
  [`${secret}\n`, 'starts or ends with white space'],
  ['Please enter a long random secret of your own', 'holds white space, like a text rather than a secret'],
  ['changeme-changeme-changeme-changeme-12', 'is a placeholder'],
  ['your-secret-key-goes-right-here-0123456789', 'is a placeholder'],
  ['<generate-a-long-random-value-please-0123>', 'is a placeholder'],
  [`$${'{DAYPASS_SECRET_FROM_SOMEWHERE_ELSE_1234}'}`, 'is a placeholder'],
  ['a'.repeat(64), 'repeats itself'],
  ['abcd1234'.repeat(4), 'repeats itself'],
  ['0123456789abcdef0123456789abcdef', 'repeats itself'],
  ['abcdefghijklmnopqrstuvwxyz0123456789', 'repeats itself'],
  ['u1ZkQ0yXr8mT5nB2'.repeat(2), 'repeats itself'],
])('%j %s', (weak, weakness) => {
  expect(secretWeakness(weak)).toBe(weakness);
});

test.each([secret, otherSecret, privateSecret, 'ключ-из-кириллицы-Ж9ф3'])('%s will do', (good) => {
  expect(secretWeakness(good)).toBeUndefined();
});

test('random secrets are never taken for weak ones', () => {
  for (let round = 0; round < 2000; round += 1) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const base64 = btoa(String.fromCharCode(...bytes));
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    expect([secretWeakness(base64), secretWeakness(hex)]).toEqual([undefined, undefined]);
  }
});

test('the command makes secrets of 32 bytes', () => {
  expect(makeSecretCommand).toMatch(/^node -e ".*randomBytes\(32\).*"$/);
});

test('secrets that must differ are reported by name, all at once, with a remedy and never the secret', () => {
  const good = 'q7Zt1LwXb0vJ4hRnYd9sKcP6mEaF3gUu';
  const weak = 'changeme-changeme-changeme-changeme';
  const problems: string[] = [];
  const secrets = new SecretChecks(problems);
  expect(secrets.required('FIRST', good)).toBe(good);
  secrets.optional('SECOND', good);
  secrets.required('THIRD', weak, 'Copy it');
  secrets.required('FOURTH', undefined);
  expect(secrets.optional('FIFTH', undefined)).toBeUndefined();
  expect(problems).toEqual([
    `SECOND equals FIRST. Make another: ${makeSecretCommand}`,
    `THIRD is a placeholder. Copy it, or make one: ${makeSecretCommand}`,
    `FOURTH is missing. Make one: ${makeSecretCommand}`,
  ]);
});

test('a kid is the start of an HMAC by the secret itself', async () => {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const digest = new Uint8Array(
    await crypto.subtle.sign('HMAC', key, new TextEncoder().encode('daypass kid')),
  );
  const expected = btoa(String.fromCharCode(...digest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 8);
  const ring = await createKeyRing({ audience: 'api', secret });
  expect(ring.primary.id).toBe(expected);
});

test('finds the primary and the secondary key, and no other', async () => {
  const ring = await createKeyRing({ audience: 'api', secret, secondarySecret: otherSecret });
  expect(findKey(ring, ring.primary.id)).toBe(ring.primary);
  expect(findKey(ring, ring.secondary?.id)).toBe(ring.secondary);
  expect(findKey(ring, 'AAAAAAAA')).toBeUndefined();
  const single = await createKeyRing({ audience: 'api', secret });
  expect(findKey(single, undefined)).toBeUndefined();
});

const keys = await createPrivateKeys(privateSecret);
const session = { subject, audience: 'api', startedAt: 1_800_000_000 };

test('a session`s id is 22 characters of base64url, and the same in every instance', async () => {
  const id = await keys.sessionId(session);
  expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
  expect(await (await createPrivateKeys(privateSecret)).sessionId({ ...session })).toBe(id);
});

test('no other session, and no other private secret, gives the same', async () => {
  const sessions = [
    session,
    { ...session, subject: `${subject}","api` },
    { ...session, audience: `api",1` },
    { ...session, audience: '' },
    { ...session, audience: 'api1', startedAt: 800_000_000 },
    { ...session, startedAt: 1_800_000_001 },
    { subject: 'api', audience: subject, startedAt: session.startedAt },
  ];
  const ids = await Promise.all(sessions.map((each) => keys.sessionId(each)));
  expect(new Set(ids).size).toBe(sessions.length);
  const others = await createPrivateKeys(otherSecret);
  expect(await others.sessionId(session)).not.toBe(ids[0]);
});

test('each key has a use of its own: one text gives different results under each', async () => {
  const text = JSON.stringify([subject, 'api', 1]);
  const made = [
    await keys.hashIdentifier(text),
    await keys.sessionId({ subject, audience: 'api', startedAt: 1 }),
    (await keys.introspectionSecret(text)).slice(0, 22),
  ];
  expect(new Set(made).size).toBe(3);
});

test('what a page is called by is hashed once', async () => {
  const fresh = await createPrivateKeys(privateSecret);
  const sign = vi.spyOn(crypto.subtle, 'sign');
  const hash = await fresh.hashIdentifier('anon_AAAAAAAAAAAAAAAAAAAAAA');
  const other = await fresh.hashIdentifier('198.51.100.7');
  expect(await fresh.hashIdentifier('anon_AAAAAAAAAAAAAAAAAAAAAA')).toBe(hash);
  expect(other).not.toBe(hash);
  expect(sign).toHaveBeenCalledTimes(2);
  sign.mockRestore();
});
