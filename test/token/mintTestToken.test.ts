import { expect, test } from 'vitest';
import { createVerifier, type VerifierOptions } from '../../src/token/createVerifier.ts';
import { makeTestAccessToken, mintTestToken, type TokenOptions } from '../../src/token/mintTestToken.ts';
import { codeOf } from '../support/rejection.ts';
import { issuer, now, otherSecret, secret, subject } from '../support/tokens.ts';

const verifier: VerifierOptions = { secret, issuer, now: () => now * 1000, warn: () => undefined };
const codeFor = (token: TokenOptions, options = verifier) =>
  codeOf(async () => createVerifier(options)(await mintTestToken(options, token)));
const accepted = 'nothing was thrown';

test('what is left out is as the site would say it', async () => {
  const first = await makeTestAccessToken(verifier);
  expect(first).toMatchObject({
    issuer,
    audience: 'api',
    scopes: [],
    deployContext: 'production',
    issuedAt: now,
    expiresAt: now + 300,
    sessionStartedAt: now,
  });
  expect(first.subject).toMatch(/^anon_[\w-]{22}$/);
  expect(first.claims.sid).toMatch(/^[\w-]{22}$/);
  const second = await makeTestAccessToken(verifier);
  expect(second.subject).not.toBe(first.subject);
  expect(second.tokenId).not.toBe(first.tokenId);
});

test('says what its options say', async () => {
  const token = await makeTestAccessToken(verifier, {
    subject,
    scopes: ['read', 'write'],
    ageSeconds: 60,
    ttlSeconds: 600,
    sessionAgeSeconds: 3600,
    tokenId: 'one',
    sessionId: 'two',
  });
  expect(token).toMatchObject({
    subject,
    scopes: ['read', 'write'],
    issuedAt: now - 60,
    expiresAt: now + 540,
    sessionStartedAt: now - 3600,
    tokenId: 'one',
    claims: { sid: 'two' },
  });
});

test('takes the first deploy context that the verifier accepts, production before others', async () => {
  const contextOf = async (deployContexts: VerifierOptions['deployContexts']) =>
    (await makeTestAccessToken({ ...verifier, deployContexts } as VerifierOptions)).deployContext;
  expect(await contextOf(['dev'])).toBe('dev');
  expect(await contextOf(['dev', 'production'])).toBe('production');
});

test.each([
  [{ ageSeconds: 331 }, 'token_expired'],
  [{ ageSeconds: -31 }, 'token_not_yet_valid'],
  [{ ttlSeconds: 3601 }, 'token_lifetime'],
  [{ audience: 'other' }, 'token_audience'],
  [{ issuer: 'https://other.example' }, 'token_issuer'],
  [{ deployContext: 'dev' }, 'token_deploy_context'],
  [{ subject: 'somebody' }, 'token_subject'],
  [{ secret: otherSecret }, 'token_key'],
  [{ sessionAgeSeconds: -60 }, 'token_claims'],
  [{}, accepted],
])('makes what a verifier must refuse: %o', async (token, code) => {
  expect(await codeFor(token)).toBe(code);
});

test('of several sites, the issuer chooses secret, audience and deploy context', async () => {
  const sites: VerifierOptions = {
    sites: [
      { secret, issuer },
      { secret: otherSecret, issuer: 'https://blog.example', audience: 'comments', deployContexts: ['dev'] },
    ],
    now: () => now * 1000,
  };
  expect(await makeTestAccessToken(sites)).toMatchObject({ issuer, audience: 'api' });
  expect(await makeTestAccessToken(sites, { issuer: 'https://blog.example' })).toMatchObject({
    issuer: 'https://blog.example',
    audience: 'comments',
    deployContext: 'dev',
  });
});
