import { base64url } from 'jose';
import { createKeyRing, type KeyRing } from '../../src/token/keys.ts';
import { mintAccessToken, newSubject, randomId } from '../../src/token/mint.ts';
import type { LabDependencies } from './dependencies.ts';

/** Tokens that no honest page could make, each with exactly one thing wrong. */
export const forgeries = [
  'expired',
  'wrong-secret',
  'alg-none',
  'another-audience',
  'another-issuer',
] as const;

export type Forgery = (typeof forgeries)[number];

const daySeconds = 86_400;
const ttlSeconds = 300;

/** Makes a token that every verifier has to refuse. */
export async function forgeToken(lab: LabDependencies, forgery: Forgery): Promise<string> {
  const keyRing = await createKeyRing({ audience: lab.audience, secret: lab.secret });
  switch (forgery) {
    case 'expired':
      return mint(lab, keyRing, { now: lab.now() - daySeconds });
    case 'wrong-secret':
      return mint(lab, await withForeignKey(keyRing));
    case 'alg-none':
      return unsign(await mint(lab, keyRing));
    case 'another-audience':
      return mint(lab, { ...keyRing, audience: 'another-api' });
    case 'another-issuer':
      return mint(lab, keyRing, { issuer: 'https://another-site.example' });
  }
}

function mint(
  lab: LabDependencies,
  keyRing: KeyRing,
  { now = lab.now(), issuer = lab.issuer }: { now?: number; issuer?: string } = {},
): Promise<string> {
  return mintAccessToken({
    keyRing,
    issuer,
    subject: newSubject(),
    scopes: lab.scopes,
    deployContext: lab.deployContext,
    ttlSeconds,
    sessionStartedAt: now,
    now,
  });
}

/** Another key under the right key's name: the signature alone gives it away. */
async function withForeignKey(keyRing: KeyRing): Promise<KeyRing> {
  const foreign = await createKeyRing({ audience: keyRing.audience, secret: randomId() + randomId() });
  return { ...keyRing, primary: { id: keyRing.primary.id, key: foreign.primary.key } };
}

/** An unsecured JWT (RFC 7519 §6.1): the same claims, algorithm `none`, an empty signature. */
function unsign(token: string): string {
  const [, claims] = token.split('.');
  return `${base64url.encode(JSON.stringify({ alg: 'none', typ: 'JWT' }))}.${claims}.`;
}
