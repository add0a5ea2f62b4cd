import { base64url } from 'jose';
import { ConfigurationError } from '../protocol/error.ts';
import { makeSecretCommand, secretWeakness } from './secret.ts';

export interface Key {
  /** `kid` of the JWS header (RFC 7515 §4.1.4). */
  readonly id: string;
  readonly key: CryptoKey;
}

/** The keys of one audience. Whoever verifies HS256 can forge, so a key never serves two. */
export interface KeyRing {
  readonly audience: string;
  /** Signs and verifies. */
  readonly primary: Key;
  /** Verifies only: the old or the next secret during a rotation. */
  readonly secondary: Key | undefined;
}

/**
 * Makes the keys of one audience from its secrets.
 * @param options.audience `aud` of its tokens
 * @param options.secret shared with the backend, at least 32 bytes of UTF-8 (RFC 7518 §3.2)
 * @param options.secondarySecret verifies only
 * @throws {ConfigurationError} a TypeError: a secret is missing or weak, or both are equal; names the command that
 * makes a good one and never the secret
 */
export async function createKeyRing(options: {
  audience: string;
  secret: string;
  secondarySecret?: string | undefined;
}): Promise<KeyRing> {
  const { audience, secret, secondarySecret } = options;
  const problems: string[] = [];
  const weakness = secretWeakness(secret);
  if (weakness)
    problems.push(`The secret of audience ${audience} ${weakness}. Make one: ${makeSecretCommand}`);
  if (secondarySecret !== undefined) {
    const secondaryWeakness = secretWeakness(secondarySecret);
    if (secondaryWeakness) {
      problems.push(
        `The secondary secret of audience ${audience} ${secondaryWeakness}. Make one: ${makeSecretCommand}`,
      );
    } else if (secondarySecret === secret) {
      problems.push(`Both secrets of audience ${audience} are equal. Make another: ${makeSecretCommand}`);
    }
  }
  if (problems.length > 0) throw new ConfigurationError(problems);
  return {
    audience,
    primary: await importKey(secret),
    secondary: secondarySecret === undefined ? undefined : await importKey(secondarySecret),
  };
}

/** The key of that id, or undefined. */
export function findKey(ring: KeyRing, keyId: unknown): Key | undefined {
  if (ring.primary.id === keyId) return ring.primary;
  return ring.secondary?.id === keyId ? ring.secondary : undefined;
}

async function importKey(secret: string): Promise<Key> {
  const bytes = new TextEncoder().encode(secret);
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign', 'verify']);
  const digest = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode('daypass kid'));
  return { id: base64url.encode(new Uint8Array(digest)).slice(0, 8), key };
}
