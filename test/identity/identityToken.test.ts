import { expect, test } from 'vitest';
import { checkIdentityToken, verifyIdentityToken } from '../../src/identity/identityToken.ts';
import { type ParsedToken, parseToken } from '../../src/token/verify.ts';
import { codeOf } from '../support/rejection.ts';
import { now, otherSecret, secret, sign } from '../support/tokens.ts';

const header = { alg: 'HS256', kid: 'nf-ident', typ: 'JWT' };
const id = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const ours = { now, audience: '' };
const claims = { exp: now + 3600, sub: id, email: 'a@visitor.invalid', app_metadata: { provider: 'email' } };
const check = (token: string, options: { now: number; audience: string }) =>
  checkIdentityToken(parseToken(token) as ParsedToken, options);

test('reads the user of an Identity token', async () => {
  expect(check(await sign(header, claims), ours)).toBe(id);
  expect(check(await sign(header, { ...claims, aud: '' }), ours)).toBe(id);
  const named = await sign(header, { ...claims, aud: 'site' });
  expect(check(named, { now, audience: 'site' })).toBe(id);
});

test.each([
  ['alg none', await sign({ ...header, alg: 'none' }, claims), 'subject_token_algorithm'],
  ['expired', await sign(header, { ...claims, exp: now }), 'subject_token_expired'],
  ['no exp', await sign(header, { ...claims, exp: undefined }), 'subject_token_claims'],
  ['no sub', await sign(header, { ...claims, sub: undefined }), 'subject_token_claims'],
  ['a path as sub', await sign(header, { ...claims, sub: '../users' }), 'subject_token_claims'],
  ['another audience', await sign(header, { ...claims, aud: 'other' }), 'subject_token_claims'],
  [
    'one of our own',
    await sign(header, { ...claims, sub: 'anon_AAAAAAAAAAAAAAAAAAAAAA' }),
    'subject_token_claims',
  ],
])('refuses %s', async (_, token, code) => {
  expect(await codeOf(() => check(token, ours))).toBe(code);
});

test.each([
  ['site', ''],
  [undefined, 'site'],
  ['other', 'site'],
  [['site'], 'site'],
])('aud %j where the policy names %j is refused, and the log gets the remedy', async (aud, audience) => {
  const token = await sign(header, { ...claims, aud });
  const refusal = await Promise.resolve()
    .then(() => check(token, { now, audience }))
    .catch((error) => error);
  expect(refusal).toMatchObject({ code: 'subject_token_claims' });
  expect(refusal.message).not.toContain('daypass.config.ts');
  expect(refusal.cause.message).toMatch(/GOTRUE_JWT_AUD.*daypass\.config\.ts: identity: \{ audience/);
});

test('the key of your own GoTrue verifies the signature', async () => {
  const token = await sign(header, claims);
  expect(await codeOf(() => verifyIdentityToken(token, secret))).toBe('nothing was thrown');
  expect(await codeOf(() => verifyIdentityToken(token, otherSecret))).toBe('subject_token_rejected');
});
