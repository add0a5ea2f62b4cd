import { expect, test } from 'vitest';
import { createKeyRing } from '../../src/token/keys.ts';
import { mintAccessToken } from '../../src/token/mint.ts';
import { type VerifyOptions, verifyToken } from '../../src/token/verify.ts';
import { codeOf } from '../support/rejection.ts';
import {
  encode,
  goodClaims,
  goodHeader,
  issuer,
  now,
  otherSecret,
  ring,
  secret,
  sign,
  subject,
} from '../support/tokens.ts';

const policy: VerifyOptions = { keyRing: ring, issuer, deployContexts: ['production'], now };
const verify = (token: string, changes: Partial<VerifyOptions> = {}) =>
  codeOf(() => verifyToken(token, { ...policy, ...changes }));
const accepted = 'nothing was thrown';

test('what is minted verifies, and says what was minted', async () => {
  const token = await mintAccessToken({
    keyRing: ring,
    issuer,
    subject,
    scopes: ['read', 'write'],
    deployContext: 'production',
    ttlSeconds: 300,
    sessionStartedAt: now - 60,
    now,
  });
  expect(await verifyToken(token, policy)).toMatchObject({
    subject,
    issuer,
    audience: 'api',
    issuedAt: now,
    expiresAt: now + 300,
    sessionStartedAt: now - 60,
    scopes: ['read', 'write'],
    deployContext: 'production',
    tokenId: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
  });
});

test('a token of the secondary key verifies, and the secondary key signs nothing', async () => {
  const both = await createKeyRing({ audience: 'api', secret: otherSecret, secondarySecret: secret });
  expect(await verify(await sign(goodHeader, goodClaims), { keyRing: both })).toBe(accepted);
  const minted = await mintAccessToken({
    keyRing: both,
    issuer,
    subject,
    scopes: [],
    deployContext: 'production',
    ttlSeconds: 300,
    sessionStartedAt: now,
    now,
  });
  expect(await verify(minted)).toBe('token_key');
});

test.each([
  ['nothing', ''],
  ['a word', 'nonsense'],
  ['two parts', `${encode(goodHeader)}.${encode(goodClaims)}`],
  ['five parts', 'a.b.c.d.e'],
  ['an empty part', `${encode(goodHeader)}..AAAA`],
  ['padding', `${encode(goodHeader)}.${encode(goodClaims)}.AAAA=`],
  ['white space', `${encode(goodHeader)}.${encode(goodClaims)}.AA AA`],
  ['plain base64', `${encode(goodHeader)}.${encode(goodClaims)}.AA+/`],
  ['a header that is a list', `${encode([])}.${encode(goodClaims)}.AAAA`],
  ['claims that are null', `${encode(goodHeader)}.${encode(null)}.AAAA`],
  ['claims that are no JSON', `${encode(goodHeader)}.${encode('{')}.AAAA`],
  ['more than 4096 bytes', `${encode(goodHeader)}.${encode({ ...goodClaims, x: 'x'.repeat(4096) })}.AAAA`],
])('refuses %s as malformed', async (_, token) => {
  expect(await verify(token)).toBe('token_malformed');
});

test('refuses bytes that are not UTF-8, and a byte order mark', async () => {
  const header = encode(goodHeader);
  expect(await verify(`${header}.${btoa('{"a":"\xff"}').replace(/=+$/, '')}.AAAA`)).toBe('token_malformed');
  expect(await verify(`${header}.${encode(`\ufeff${JSON.stringify(goodClaims)}`)}.AAAA`)).toBe(
    'token_malformed',
  );
});

test('refuses members that are repeated, at any depth, however they are spelled', async () => {
  const claims = JSON.stringify(goodClaims);
  const repeated = [
    `{"aud":"x",${claims.slice(1)}`,
    `{"\\u0061ud":"x",${claims.slice(1)}`,
    `{"x":{"y":1,"y":2},${claims.slice(1)}`,
    `{"x":[{"y":1,"y":2}],${claims.slice(1)}`,
  ];
  for (const text of repeated) expect(await verify(await sign(goodHeader, text))).toBe('token_malformed');
  const innocent = { ...goodClaims, x: '"y":1,"y":2', y: { aud: 1 }, z: [{ aud: 2 }, { aud: 3 }] };
  expect(await verify(await sign(goodHeader, innocent))).toBe(accepted);
});

test('refuses every other spelling of a good token', async () => {
  const token = await sign(goodHeader, goodClaims);
  expect(await verify(token)).toBe(accepted);
  // 32 bytes leave two bits of the last character unused: three more letters decode to the same signature.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(token.at(-1) as string);
  for (const offset of [1, 2, 3]) {
    expect(await verify(token.slice(0, -1) + alphabet[last + offset])).toBe('token_malformed');
  }
});

test.each([
  ['alg none', { ...goodHeader, alg: 'none' }, 'token_algorithm'],
  ['alg HS512', { ...goodHeader, alg: 'HS512' }, 'token_algorithm'],
  ['alg RS256', { ...goodHeader, alg: 'RS256' }, 'token_algorithm'],
  ['alg hs256', { ...goodHeader, alg: 'hs256' }, 'token_algorithm'],
  ['no alg', { typ: 'JWT', kid: goodHeader.kid }, 'token_algorithm'],
  ['crit', { ...goodHeader, crit: ['b64'], b64: true }, 'token_algorithm'],
  ['typ at+jwt', { ...goodHeader, typ: 'at+jwt' }, 'token_type'],
  ['no typ', { alg: 'HS256', kid: goodHeader.kid }, 'token_type'],
  ['unknown kid', { ...goodHeader, kid: 'AAAAAAAA' }, 'token_key'],
  ['no kid', { alg: 'HS256', typ: 'JWT' }, 'token_key'],
  ['kid __proto__', { ...goodHeader, kid: '__proto__' }, 'token_key'],
])('refuses %s', async (_, header, code) => {
  expect(await verify(await sign(header, goodClaims))).toBe(code);
});

test('refuses a signature by another secret, a cut one and an empty one', async () => {
  expect(await verify(await sign(goodHeader, goodClaims, otherSecret))).toBe('token_signature');
  const token = await sign(goodHeader, goodClaims);
  expect(await verify(token.slice(0, -3))).toMatch(/^token_(signature|malformed)$/);
  expect(await verify(`${token.slice(0, token.lastIndexOf('.'))}.`)).toBe('token_malformed');
});

const refusedClaims: [string, Record<string, unknown>, string][] = [
  ...['iss', 'sub', 'aud', 'iat', 'exp', 'jti', 'deploy_context'].flatMap(
    (name): [string, Record<string, unknown>, string][] => [
      [`no ${name}`, { [name]: undefined }, 'token_claims'],
      [`${name} null`, { [name]: null }, 'token_claims'],
      [`${name} a list`, { [name]: [(goodClaims as Record<string, unknown>)[name]] }, 'token_claims'],
    ],
  ),
  ['exp a string', { exp: String(now + 300) }, 'token_claims'],
  ['exp a fraction', { exp: now + 300.5 }, 'token_claims'],
  ['exp huge', { exp: 1e300 }, 'token_claims'],
  ['iat negative', { iat: -1 }, 'token_claims'],
  ['auth_time a string', { auth_time: 'yesterday' }, 'token_claims'],
  ['nbf a string', { nbf: 'soon' }, 'token_claims'],
  ['scope a list', { scope: ['read'] }, 'token_claims'],
  ['jti empty', { jti: '' }, 'token_claims'],
  ['another issuer', { iss: 'https://other.example' }, 'token_issuer'],
  ['the issuer with a slash', { iss: `${issuer}/` }, 'token_issuer'],
  ['another audience', { aud: 'admin' }, 'token_audience'],
  ['a member as sub', { sub: '20675436-07be-4d28-b3aa-7fe0e7c2ddb1' }, 'token_subject'],
  ['a short sub', { sub: 'anon_AAAA' }, 'token_subject'],
  ['a sub with a line break', { sub: `${subject}\n` }, 'token_subject'],
  ['a life of 3601 seconds', { exp: now + 3601 }, 'token_lifetime'],
  ['an end before its start', { exp: now - 1, iat: now }, 'token_lifetime'],
  ['iat 31 seconds ahead', { iat: now + 31, exp: now + 331 }, 'token_not_yet_valid'],
  ['nbf 31 seconds ahead', { nbf: now + 31 }, 'token_not_yet_valid'],
  ['expired 30 seconds ago', { iat: now - 330, exp: now - 30 }, 'token_expired'],
  ['a deploy preview', { deploy_context: 'deploy-preview' }, 'token_deploy_context'],
];

test.each(refusedClaims)('refuses %s', async (_, changes, code) => {
  expect(await verify(await sign(goodHeader, { ...goodClaims, ...changes }))).toBe(code);
});

test.each([
  ['iat 30 seconds ahead', { iat: now + 30, exp: now + 330 }],
  ['expired 29 seconds ago', { iat: now - 329, exp: now - 29 }],
  ['a life of 3600 seconds', { exp: now + 3600 }],
  ['no auth_time', { auth_time: undefined }],
  ['no scope', { scope: undefined }],
  ['claims of others', { cnf: { jkt: 'x' }, roles: ['x'] }],
])('takes %s', async (_, changes) => {
  expect(await verify(await sign(goodHeader, { ...goodClaims, ...changes }))).toBe(accepted);
});

test('takes an expired token within the grace of a renewal alone', async () => {
  const token = await sign(goodHeader, { ...goodClaims, iat: now - 4000, exp: now - 3629 });
  expect(await verify(token)).toBe('token_expired');
  expect(await verify(token, { expiredGraceSeconds: 3600 })).toBe(accepted);
  expect(await verify(token, { expiredGraceSeconds: 3599 })).toBe('token_expired');
});

test('a key of one audience never verifies for another', async () => {
  const admin = await createKeyRing({ audience: 'admin', secret: otherSecret });
  expect(await verify(await sign(goodHeader, goodClaims), { keyRing: admin })).toBe('token_key');
  const forged = await sign(
    { ...goodHeader, kid: admin.primary.id },
    { ...goodClaims, aud: 'api' },
    otherSecret,
  );
  expect(await verify(forged, { keyRing: admin })).toBe('token_audience');
  expect(await verify(forged)).toBe('token_key');
});
