import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyRing } from '../../src/token/keys.ts';
import { mintAccessToken } from '../../src/token/mint.ts';
import {
  createVerifiedTokens,
  type VerifiedTokens,
  type VerifyOptions,
  verifyToken,
} from '../../src/token/verify.ts';
import { codeOf } from '../support/rejection.ts';
import {
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

// Which tokens are refused, and with which code, is in `test/vectors`.

test('takes an expired token only within the grace of a renewal', async () => {
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

// A token that was seen before.
const token = await sign(goodHeader, goodClaims);
let verifiedTokens: VerifiedTokens;

beforeEach(() => {
  verifiedTokens = createVerifiedTokens(2);
  vi.restoreAllMocks();
});

function verifyAgain(text = token, changes: Partial<VerifyOptions> = {}): Promise<string> {
  return codeOf(() => verifyToken(text, { ...policy, verifiedTokens, ...changes }));
}

/** How many signatures are checked meanwhile. */
async function signaturesIn(work: () => Promise<unknown>): Promise<number> {
  const check = vi.spyOn(crypto.subtle, 'verify');
  await work();
  return check.mock.calls.length;
}

test('the signature of a token is checked once, and it says the same each time', async () => {
  const says = await verifyToken(token, policy);
  const checked = await signaturesIn(async () => {
    for (let call = 0; call < 5; call += 1)
      expect(await verifyToken(token, { ...policy, verifiedTokens })).toEqual(says);
  });
  expect(checked).toBe(1);
});

test('what depends on the moment is validated on every call', async () => {
  expect(await verifyAgain()).toBe(accepted);
  expect(await verifyAgain(token, { now: goodClaims.exp + 30 })).toBe('token_expired');
  expect(await verifyAgain(token, { now: goodClaims.iat - 31 })).toBe('token_not_yet_valid');
  expect(await verifyAgain(token, { deployContexts: ['dev'] })).toBe('token_deploy_context');
  expect(await verifyAgain(token, { issuer: 'https://other.example' })).toBe('token_issuer');
  expect(await verifyAgain(token, { sessionsNotBefore: now + 1 })).toBe('session_ended');
  expect(await verifyAgain()).toBe(accepted);
});

test('of a token that was refused nothing is kept, whatever refused it', async () => {
  const [head, claims, signature = ''] = token.split('.');
  const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const early = await sign(goodHeader, { ...goodClaims, iat: now + 60, exp: now + 120 });
  for (const bad of [forged, early]) {
    const checked = await signaturesIn(async () => {
      expect(await verifyAgain(bad)).not.toBe(accepted);
      expect(await verifyAgain(bad)).not.toBe(accepted);
    });
    expect(checked).toBe(2);
    vi.restoreAllMocks();
  }
});

test('a token goes by its exact text', async () => {
  await verifyAgain();
  expect(await verifyAgain(`${token} `)).toBe('token_malformed');
  expect(await verifyAgain(token.replace('.', '..'))).toBe('token_malformed');
});

test("one ring's tokens are not another's, though both share what is remembered", async () => {
  const other = await createKeyRing({ audience: 'api', secret: otherSecret });
  await verifyAgain();
  expect(await verifyAgain(token, { keyRing: other })).toBe('token_key');
  // The same secret in another ring is another key: after a rotation nothing is taken for granted.
  const again = await createKeyRing({ audience: 'api', secret });
  expect(await signaturesIn(() => verifyAgain(token, { keyRing: again }))).toBe(1);
});

test('a secret that only verifies is remembered like the first', async () => {
  const both = await createKeyRing({ audience: 'api', secret: otherSecret, secondarySecret: secret });
  const checked = await signaturesIn(async () => {
    expect(await verifyAgain(token, { keyRing: both })).toBe(accepted);
    expect(await verifyAgain(token, { keyRing: both })).toBe(accepted);
  });
  expect(checked).toBe(1);
});

test('it holds as many as its size says, and none for a size of 0', async () => {
  const tokens = await Promise.all(
    ['a', 'b', 'c'].map((jti) => sign(goodHeader, { ...goodClaims, jti: jti.repeat(22) })),
  );
  for (const each of tokens) expect(await verifyAgain(each)).toBe(accepted);
  expect(await signaturesIn(() => verifyAgain(tokens[2]))).toBe(0);
  vi.restoreAllMocks();
  expect(await signaturesIn(() => verifyAgain(tokens[0]))).toBe(1);
  vi.restoreAllMocks();
  verifiedTokens = createVerifiedTokens(0);
  await verifyAgain();
  expect(await signaturesIn(() => verifyAgain())).toBe(1);
});

test('what one call does to the claims does not reach another', async () => {
  const nested = await sign(goodHeader, { ...goodClaims, extra: { list: [{ deep: 1 }] } });
  const { claims } = await verifyToken(nested, { ...policy, verifiedTokens });
  const extra = claims.extra as { list: { deep: number }[] };
  expect(() => extra.list.push({ deep: 2 })).toThrow(TypeError);
  expect(() => Object.assign(extra.list[0] as object, { deep: 2 })).toThrow(TypeError);
  const again = await verifyToken(nested, { ...policy, verifiedTokens });
  expect(again.claims.extra).toEqual({ list: [{ deep: 1 }] });
});
