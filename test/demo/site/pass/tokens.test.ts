import { expect, test } from 'vitest';
import {
  decodeToken,
  describeAccessToken,
  describeIdentityToken,
} from '../../../../demo/site/pass/tokens.ts';
import { createKeyRing } from '../../../../src/token/keys.ts';
import { mintAccessToken } from '../../../../src/token/mint.ts';

const now = 1_800_000_000;

/** Recorded from a real GoTrue (test/contract/gotrue/open.json, "token, password grant"). */
const identityToken =
  'eyJhbGciOiJIUzI1NiIsImtpZCI6Im5mLWlkZW50IiwidHlwIjoiSldUIn0.eyJleHAiOjE3OTUyMzQwMjcsInN1YiI6IjIwNjc1NDM2LTA3YmUtNGQyOC1iM2FhLTdmZTBlN2MyZGRiMSIsImVtYWlsIjoib3Blbi0xLTE3OTUyMzA0MjdAdmlzaXRvci5pbnZhbGlkIiwiYXBwX21ldGFkYXRhIjp7InByb3ZpZGVyIjoiZW1haWwifSwidXNlcl9tZXRhZGF0YSI6eyJmdWxsX25hbWUiOiJObyBPbmUiLCJwcm9vZiI6ImFiYyJ9fQ.YJD4FFC2EampaVv75QaQPcgbYhnOHqNMKS9dtZuw7pc';

function wordsOf(statements: { about: string; words: string }[]): Record<string, string> {
  return Object.fromEntries(statements.map(({ about, words }) => [about, words]));
}

function decode(token: string) {
  const decoded = decodeToken(token);
  if (!decoded) throw new Error('no token');
  return decoded;
}

test('an Identity token in words says what it lacks', () => {
  const words = wordsOf(describeIdentityToken(decode(identityToken)));
  expect(words.Signed).toContain('HS256');
  expect(words.Signed).toContain('nf-ident');
  expect(words.Names).toContain('20675436-07b…');
  expect(words.Names).toContain('@visitor.invalid');
  expect(words.Missing).toBe(
    'It does not say who issued it (iss), for whom (aud), when (iat) or a number of its own (jti).',
  );
});

test('an access token in words says every claim of ours', async () => {
  const keyRing = await createKeyRing({
    audience: 'api',
    secret: 'k3v9Qm2LxT7wZ1pR8sYdBn5GfHc0JaUe4VtXoMi6',
  });
  const token = await mintAccessToken({
    keyRing,
    issuer: 'https://site.example',
    subject: 'anon_0123456789abcdefghijkl',
    scopes: ['hello', 'read'],
    deployContext: 'dev',
    ttlSeconds: 300,
    sessionStartedAt: now - 60,
    sessionId: 'abcdefghijklmnopqrstuv',
    now,
  });
  const words = wordsOf(describeAccessToken(decode(token)));
  expect(words.Signed).toContain(keyRing.primary.id);
  expect(words['Issued by']).toBe('https://site.example');
  expect(words['Issued for']).toContain('“api”');
  expect(words.Names).toContain('anon_0123456…');
  expect(words.Allows).toBe('The scope hello and read.');
  expect(words['Begun by']).toBe('The broker: only it can make abcdefghijkl… (sid).');
  expect(words.Lives).toMatch(/^5 minutes, until /);
  expect(words['Made in']).toBe('The deploy context “dev”. Production refuses it.');
});

test.each([
  '',
  'nonsense',
  'a.b.c',
  'eyJhbGciOiJIUzI1NiJ9',
  'bnVsbA.bnVsbA.x',
  `${identityToken.split('.', 2).join('.')}.`,
])('does not take %j for a token', (text) => expect(decodeToken(text)).toBeUndefined());
