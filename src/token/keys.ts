import { base64url } from 'jose';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { ConfigurationError } from '../protocol/error.ts';

/** Prints a good secret: 32 random bytes. */
export const makeSecretCommand = `node -e "console.log(require('node:crypto').randomBytes(32).toString('base64url'))"`;

const template =
  /change.?me|replace.?me|your.{0,12}(secret|key)|secret.{0,4}here|example|placeholder|password|insert|\$\{|\{\{|<[^>]*>/i;

/**
 * Says why a secret is too weak to sign with, or undefined when it will do. The answer never repeats the secret.
 * @param secret used as its UTF-8 bytes; RFC 7518 §3.2 requires at least 32 of them for HS256
 */
export function secretWeakness(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return 'is missing';
  if (typeof secret !== 'string') return 'must be a text';
  if (secret.trim() !== secret) return 'starts or ends with white space';
  if (new TextEncoder().encode(secret).length < 32) return 'is shorter than 32 bytes';
  if (/\s/.test(secret)) return 'holds white space, like a text rather than a secret';
  if (template.test(secret)) return 'is a placeholder';
  if (isRepetitive(secret)) return 'repeats itself';
  return undefined;
}

/**
 * Checks secrets that must all differ: the holder of one could sign with an equal one too. Each is given under the name by which
 * its owner knows it, such as `DAYPASS_SECRET` or `secondarySecret`.
 */
export class SecretChecks {
  readonly #problems: string[];
  readonly #names = new Map<string, string>();

  /** @param problems takes all that is wrong, with the command that makes a good secret, and never a secret */
  constructor(problems: string[]) {
    this.#problems = problems;
  }

  /**
   * @param remedy what else than making one is a remedy, before a comma
   * @returns the secret, to be used only where no problem was found
   */
  required(name: string, secret: string | undefined, remedy?: string): string {
    const weakness = secretWeakness(secret);
    const twin = secret === undefined ? undefined : this.#names.get(secret);
    if (weakness) {
      this.#problems.push(
        `${name} ${weakness}. ${remedy ? `${remedy}, or make` : 'Make'} one: ${makeSecretCommand}`,
      );
    } else if (twin !== undefined) {
      this.#problems.push(`${name} equals ${twin}. Make another: ${makeSecretCommand}`);
    } else if (secret !== undefined) {
      this.#names.set(secret, name);
    }
    return secret ?? '';
  }

  /** @returns the secret, or undefined for none */
  optional(name: string, secret: string | undefined): string | undefined {
    return secret === undefined ? undefined : this.required(name, secret);
  }
}

function isRepetitive(secret: string): boolean {
  // 32 random hex digits hold fewer than 8 different ones about once in a million times.
  if (new Set(secret).size < 8) return true;
  // A string that occurs inside itself doubled, other than at both ends, is some shorter string repeated.
  if ((secret + secret).indexOf(secret, 1) < secret.length) return true;
  const codes = Array.from(secret, (character) => character.codePointAt(0) ?? 0);
  const steps = codes.slice(1).map((code, index) => code - (codes[index] ?? 0));
  const commonest = Math.max(...[-1, 0, 1].map((step) => steps.filter((other) => other === step).length));
  return commonest > steps.length / 2;
}

export interface Key {
  /** `kid` of the JWS header (RFC 7515 §4.1.4). */
  readonly id: string;
  readonly key: CryptoKey;
}

/** The keys of one audience. An HS256 key that verifies can also sign, so a key never serves two. */
export interface KeyRing {
  readonly audience: string;
  /** Signs and verifies. */
  readonly primary: Key;
  /** Verifies only: the old or the next secret during a rotation. */
  readonly secondary: Key | undefined;
}

/**
 * Makes the keys of one audience from its secrets, as `SecretChecks` has returned them.
 * @param options.audience `aud` of its tokens
 * @param options.secret shared with the backend
 * @param options.secondarySecret verifies only
 */
export async function createKeyRing(options: {
  audience: string;
  secret: string;
  secondarySecret?: string | undefined;
}): Promise<KeyRing> {
  const { audience, secret, secondarySecret } = options;
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

/** Hashes that are remembered, since a session's and an address's are needed on each of their calls. */
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
   * `sid`: proves that the broker began a session. The secret of its audience does not suffice to make one.
   * @param session.startedAt `auth_time`, seconds since the epoch
   * @returns 22 characters of base64url
   */
  sessionId(session: { subject: string; audience: string; startedAt: number }): Promise<string>;
  /** The keys of proof challenges: one signs the challenge, the other its solution. */
  proofSecret(of: 'challenge' | 'solution'): Promise<string>;
}

/**
 * Derives the site's own keys by HKDF (RFC 5869), one label for each use.
 * @param privateSecret as `SecretChecks` has returned it
 */
export async function createPrivateKeys(privateSecret: string): Promise<PrivateKeys> {
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
 * The hash under which a backend keeps sessions and addresses in Redis. It has only the secret of its audience, so its
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

/**
 * The secret with which the backend of an audience authenticates at `/session/introspect`. Run it where the private
 * secret is at hand, and give the result only to that backend.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak, or the audience is no name
 * @example
 * await introspectionSecret(process.env.DAYPASS_PRIVATE_SECRET, 'api');
 */
export async function introspectionSecret(privateSecret: string, audience: string): Promise<string> {
  // Of nothing, and of an object, there would be a secret too.
  if (typeof audience !== 'string' || !/^[A-Za-z0-9._~-]{1,64}$/.test(audience)) {
    throw new ConfigurationError([
      "introspectionSecret: audience must be a name in the site's policy, such as api.",
    ]);
  }
  return (await privateKeysOf(privateSecret)).introspectionSecret(audience);
}

/**
 * The bearer with which the owner of a site calls `GET /session/stats` and `POST /session/sweep`. Run it where the
 * private secret is at hand.
 * @throws {ConfigurationError} a TypeError: the private secret is missing or weak
 * @example
 * await maintenanceBearer(process.env.DAYPASS_PRIVATE_SECRET);
 */
export async function maintenanceBearer(privateSecret: string): Promise<string> {
  return (await privateKeysOf(privateSecret)).maintenanceBearer();
}

async function privateKeysOf(secret: string): Promise<PrivateKeys> {
  const problems: string[] = [];
  const checked = new SecretChecks(problems).required('DAYPASS_PRIVATE_SECRET', secret);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return createPrivateKeys(checked);
}
