import { base64url, compactVerify } from 'jose';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { DaypassError } from '../protocol/error.ts';
import { deepFreeze } from '../protocol/knownKeys.ts';
import type { DeployContext } from '../protocol/wire.ts';
import { type AccessToken, checkClaims } from './claims.ts';
import { findKey, type Key, type KeyRing } from './keys.ts';

type Claims = Readonly<Record<string, unknown>>;

/** A site whose tokens are accepted. */
export interface AcceptedSite {
  /** Keys of the one audience that the token must be for. */
  readonly keyRing: KeyRing;
  /** `iss` that the token must carry. */
  readonly issuer: string;
  /** Deploy contexts whose tokens are accepted. */
  readonly deployContexts: readonly DeployContext[];
}

interface CommonOptions {
  /** The present, seconds since the epoch. */
  now: number;
  /** How long ago the token may have expired, in seconds, beyond the clock skew. Default 0; only renewal sets it. */
  expiredGraceSeconds?: number;
  /**
   * `DAYPASS_SESSIONS_NOT_BEFORE`, seconds since the epoch: sessions that began earlier, or do not say when, are refused.
   * Default: none is. For broker and gate; backends learn of it by the secret that changes with it.
   */
  sessionsNotBefore?: number | undefined;
  /** Tokens seen before: their signatures are not checked again. Default: none is remembered. */
  verifiedTokens?: VerifiedTokens | undefined;
}

export type VerifyOptions = AcceptedSite & CommonOptions;

/**
 * Verifies an access token by the one policy that every verifier follows: only HS256, a known key, canonical
 * encoding, and the claims as `checkClaims` wants them.
 * @throws {DaypassError} code `token_…` or `session_ended`; the message is the same for all
 */
export function verifyToken(token: string, options: VerifyOptions): Promise<AccessToken> {
  return verifyAmong([options], token, options);
}

/**
 * The same where the tokens of several sites are accepted: the issuer that a token names chooses among them.
 * @param sites with one issuer each, and no key for two of them
 * @throws {DaypassError} as `verifyToken`; `token_issuer` also for a token of one site that another's key has signed
 */
export async function verifyAmong(
  sites: readonly AcceptedSite[],
  token: string,
  options: CommonOptions,
): Promise<AccessToken> {
  const { verifiedTokens } = options;
  const check = (claims: Claims, site: AcceptedSite) =>
    checkClaims(claims, { ...options, ...site, audience: site.keyRing.audience });
  for (const site of sites) {
    const known = verifiedTokens?.get(token, site.keyRing);
    if (known) return check(known, site);
  }
  const { site, key, claims } = await checkSignature(token, sites);
  const accessToken = check(claims, site);
  verifiedTokens?.add(token, key, claims);
  return accessToken;
}

async function checkSignature(token: string, sites: readonly AcceptedSite[]) {
  const parsed = parseToken(token);
  if (!parsed) throw new DaypassError('token_malformed');
  const { header, payload } = parsed;
  // RFC 8725 §3.1: the algorithm is ours to choose, not the token's. `crit` (RFC 7515 §4.1.11) requires
  // extensions that we do not implement.
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');
  // RFC 8725 §3.11: another kind of JWT must not pass for this one.
  if (header.typ !== 'JWT') throw new DaypassError('token_type');
  const chosen = chooseKey(sites, payload.iss, header.kid);
  if (!chosen) throw new DaypassError('token_key');
  try {
    await compactVerify(token, chosen.key.key, { algorithms: ['HS256'] });
  } catch (cause) {
    throw new DaypassError('token_signature', { cause });
  }
  return { ...chosen, claims: payload };
}

/**
 * The key of the site that the token names. Where that site has none of this id, the site that has: once the signature
 * holds, its issuer refuses the token, which says more than an unknown key.
 */
function chooseKey(
  sites: readonly AcceptedSite[],
  issuer: unknown,
  keyId: unknown,
): { site: AcceptedSite; key: Key } | undefined {
  const known = sites.flatMap((site) => {
    const key = findKey(site.keyRing, keyId);
    return key ? [{ site, key }] : [];
  });
  return known.find(({ site }) => site.issuer === issuer) ?? known[0];
}

/**
 * Caches tokens whose signature is valid, by their exact text, so that a page's second call costs no HMAC. Claims are still
 * validated on every call (`checkClaims`), since they depend on the clock and the deploy context; refused tokens are not
 * cached.
 */
export interface VerifiedTokens {
  /** @returns the claims, unless the token is unknown or signed with a key outside the ring */
  get(token: string, ring: KeyRing): Claims | undefined;
  /** @param key the one that signed it */
  add(token: string, key: Key, claims: Claims): void;
}

/**
 * @param maxSize how many tokens it holds; the oldest goes first. 0 holds none
 * @example
 * const verifiedTokens = createVerifiedTokens(10_000);
 * await verifyToken(token, { keyRing, issuer, deployContexts, now, verifiedTokens });
 */
export function createVerifiedTokens(maxSize: number): VerifiedTokens {
  const known = new BoundedMap<string, { key: Key; claims: Claims }>(maxSize);
  return {
    get(token, ring) {
      const found = known.get(token);
      // A key serves one audience: what another one's key has signed is not for this ring.
      return found && (found.key === ring.primary || found.key === ring.secondary) ? found.claims : undefined;
    },
    add(token, key, claims) {
      // One request must not change under another's hands what both were given.
      if (maxSize > 0) known.set(token, { key, claims: deepFreeze(claims) });
    },
  };
}

/** Longest token that is parsed, in bytes (it is ASCII). */
const maxTokenBytes = 4096;

/**
 * How deep header and claims may nest (RFC 8259 §9): the object itself is the first level, each object or list inside
 * another one more. Parsers differ in what they bear, so one bound makes all verifiers agree.
 */
const maxLevels = 64;

export interface ParsedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
}

/**
 * Reads a JWS in compact form without believing it: no signature is checked.
 * @returns undefined when the token is longer than 4096 bytes, has not three parts, is not base64url in its
 * canonical form (RFC 4648 §3.5), not JSON in UTF-8, not two objects, nests deeper than 64 levels, or repeats a
 * member (RFC 7515 §4)
 */
export function parseToken(token: string): ParsedToken | undefined {
  if (token.length > maxTokenBytes) return undefined;
  const parts = token.split('.');
  if (parts.length !== 3 || !parts.every(isCanonicalBase64url)) return undefined;
  const header = parseObject(parts[0] as string);
  const payload = parseObject(parts[1] as string);
  return header && payload && { header, payload };
}

function isCanonicalBase64url(text: string): boolean {
  if (!/^[A-Za-z0-9_-]+$/.test(text)) return false;
  // Decoders ignore the bits behind the last byte, so one signature would have several spellings.
  const rest = text.length % 4;
  if (rest === 2) return /[AQgw]$/.test(text);
  if (rest === 3) return /[AEIMQUYcgkosw048]$/.test(text);
  return rest === 0;
}

// Kept: making one costs more than a decode on Deno.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseObject(part: string): Record<string, unknown> | undefined {
  try {
    const text = utf8.decode(base64url.decode(part));
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return countWrittenMembers(text) === countMembers(value, 1)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const [quote, backslash, colon] = ['"', '\\', ':'].map((character) => character.charCodeAt(0));

/** Members as written: in valid JSON, each has one colon outside of strings. */
function countWrittenMembers(json: string): number {
  let count = 0;
  let inString = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    if (code === quote) inString = !inString;
    else if (inString) {
      // Skips what is escaped, which may be a quote.
      if (code === backslash) index += 1;
    } else if (code === colon) count += 1;
  }
  return count;
}

/**
 * Members that survived parsing: fewer than written when a name was repeated.
 * @throws {RangeError} it nests too deep
 */
function countMembers(value: object, level: number): number {
  if (level > maxLevels) throw new RangeError('JSON nests too deep');
  const inside = Object.values(value);
  let count = Array.isArray(value) ? 0 : inside.length;
  for (const member of inside) {
    if (typeof member === 'object' && member !== null) count += countMembers(member, level + 1);
  }
  return count;
}
