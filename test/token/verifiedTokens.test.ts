import { beforeEach, expect, test, vi } from 'vitest';
import { createKeyRing } from '../../src/token/keys.ts';
import {
  createVerifiedTokens,
  type VerifiedTokens,
  type VerifyOptions,
  verifyToken,
} from '../../src/token/verify.ts';
import { codeOf } from '../support/rejection.ts';
import { goodClaims, goodHeader, issuer, now, otherSecret, ring, secret, sign } from '../support/tokens.ts';

const policy: VerifyOptions = { keyRing: ring, issuer, deployContexts: ['production'], now };
const accepted = 'nothing was thrown';
const token = await sign(goodHeader, goodClaims);
let verifiedTokens: VerifiedTokens;

beforeEach(() => {
  verifiedTokens = createVerifiedTokens(2);
  vi.restoreAllMocks();
});

function verify(text = token, changes: Partial<VerifyOptions> = {}): Promise<string> {
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
  expect(await verify()).toBe(accepted);
  expect(await verify(token, { now: goodClaims.exp + 30 })).toBe('token_expired');
  expect(await verify(token, { now: goodClaims.iat - 31 })).toBe('token_not_yet_valid');
  expect(await verify(token, { deployContexts: ['dev'] })).toBe('token_deploy_context');
  expect(await verify(token, { issuer: 'https://other.example' })).toBe('token_issuer');
  expect(await verify(token, { sessionsNotBefore: now + 1 })).toBe('session_ended');
  expect(await verify()).toBe(accepted);
});

test('of a token that was refused nothing is kept, whatever refused it', async () => {
  const [head, claims, signature = ''] = token.split('.');
  const forged = `${head}.${claims}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  const early = await sign(goodHeader, { ...goodClaims, iat: now + 60, exp: now + 120 });
  for (const bad of [forged, early]) {
    const checked = await signaturesIn(async () => {
      expect(await verify(bad)).not.toBe(accepted);
      expect(await verify(bad)).not.toBe(accepted);
    });
    expect(checked).toBe(2);
    vi.restoreAllMocks();
  }
});

test('a token goes by its exact text', async () => {
  await verify();
  expect(await verify(`${token} `)).toBe('token_malformed');
  expect(await verify(token.replace('.', '..'))).toBe('token_malformed');
});

test("one ring's tokens are not another's, though both share what is remembered", async () => {
  const other = await createKeyRing({ audience: 'api', secret: otherSecret });
  await verify();
  expect(await verify(token, { keyRing: other })).toBe('token_key');
  // The same secret in another ring is another key: after a rotation nothing is taken for granted.
  const again = await createKeyRing({ audience: 'api', secret });
  expect(await signaturesIn(() => verify(token, { keyRing: again }))).toBe(1);
});

test('a secret that only verifies is remembered like the first', async () => {
  const both = await createKeyRing({ audience: 'api', secret: otherSecret, secondarySecret: secret });
  const checked = await signaturesIn(async () => {
    expect(await verify(token, { keyRing: both })).toBe(accepted);
    expect(await verify(token, { keyRing: both })).toBe(accepted);
  });
  expect(checked).toBe(1);
});

test('it holds as many as it is told, and none where it is told 0', async () => {
  const tokens = await Promise.all(
    ['a', 'b', 'c'].map((jti) => sign(goodHeader, { ...goodClaims, jti: jti.repeat(22) })),
  );
  for (const each of tokens) expect(await verify(each)).toBe(accepted);
  expect(await signaturesIn(() => verify(tokens[2]))).toBe(0);
  vi.restoreAllMocks();
  expect(await signaturesIn(() => verify(tokens[0]))).toBe(1);
  vi.restoreAllMocks();
  verifiedTokens = createVerifiedTokens(0);
  await verify();
  expect(await signaturesIn(() => verify())).toBe(1);
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
