import { base64url } from 'jose';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { makeSecretCommand, secretWeakness } from './secret.ts';

/** Hashes that are remembered, since a session's and an address's are asked for at each of their calls. */
const rememberedHashes = 20_000;
/** Sessions and addresses are shorter; whole tokens, which are hashed once, need not be kept. */
const maxRememberedLength = 80;

/** What is derived from `DAYPASS_PRIVATE_SECRET`, which never leaves the site. */
export interface PrivateKeys {
  /** A keyed hash of an identifier (a session, a user, an address), so that none stands in Redis in the clear. */
  hashIdentifier(identifier: string): Promise<string>;
  /** The secret with which an audience's backend authenticates at `/session/introspect`. */
  introspectionSecret(audience: string): Promise<string>;
  /** The bearer with which the owner calls `/session/stats` and `/session/sweep`. */
  maintenanceBearer(): Promise<string>;
  /**
   * `sid`: the proof that the broker began a session, for whoever has only the secret of its audience cannot make it.
   * @param session.startedAt `auth_time`, seconds since the epoch
   * @returns 22 characters of base64url
   */
  sessionId(session: { subject: string; audience: string; startedAt: number }): Promise<string>;
  /** The keys of proof challenges: one signs the challenge, the other its solution. */
  proofSecret(of: 'challenge' | 'solution'): Promise<string>;
}

/**
 * Derives the site's own keys by HKDF (RFC 5869), one label for each use.
 * @throws {ConfigurationError} a TypeError: the secret is missing or weak
 */
export async function createPrivateKeys(privateSecret: string): Promise<PrivateKeys> {
  const weakness = secretWeakness(privateSecret);
  if (weakness)
    throw new ConfigurationError([`DAYPASS_PRIVATE_SECRET ${weakness}. Make one: ${makeSecretCommand}`]);
  const derive = await createKeyDerivation(privateSecret);
  const identifiers = await derive('daypass identifiers');
  const introspection = await derive('daypass introspection');
  const maintenance = await derive('daypass maintenance');
  const proofs = await derive('daypass proofs');
  const sessions = await derive('daypass sessions');
  return {
    hashIdentifier: createIdentifierHash(identifiers),
    introspectionSecret: (audience) => sign(introspection, audience),
    maintenanceBearer: () => sign(maintenance, 'bearer'),
    // As JSON, so that no two sessions give the same text.
    sessionId: async ({ subject, audience, startedAt }) =>
      (await sign(sessions, JSON.stringify([subject, audience, startedAt]))).slice(0, 22),
    proofSecret: (of) => sign(proofs, of),
  };
}

/**
 * The hash under which a backend keeps sessions and addresses in Redis. It has the secret of its audience alone, so its
 * hashes are not those of the site.
 */
export async function createBackendHash(secret: string): Promise<PrivateKeys['hashIdentifier']> {
  const derive = await createKeyDerivation(secret);
  return createIdentifierHash(await derive('daypass backend identifiers'));
}

const encoder = new TextEncoder();

async function createKeyDerivation(secret: string): Promise<(label: string) => Promise<CryptoKey>> {
  const source = await crypto.subtle.importKey('raw', encoder.encode(secret), 'HKDF', false, ['deriveKey']);
  return (label) =>
    crypto.subtle.deriveKey(
      { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: encoder.encode(label) },
      source,
      { name: 'HMAC', hash: 'SHA-256', length: 256 },
      false,
      ['sign'],
    );
}

async function sign(key: CryptoKey, text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text))));
}

function createIdentifierHash(key: CryptoKey): PrivateKeys['hashIdentifier'] {
  const hashes = new BoundedMap<string, string>(rememberedHashes);
  return async (identifier) => {
    const known = hashes.get(identifier);
    if (known !== undefined) return known;
    const hash = (await sign(key, identifier)).slice(0, 22);
    if (identifier.length <= maxRememberedLength) hashes.set(identifier, hash);
    return hash;
  };
}
