import { base64url } from 'jose';
import type { DeployContext } from '../protocol/deployContext.ts';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from './accessToken.ts';
import { checkClaims } from './claims.ts';
import { findKey, type Key, type KeyRing } from './keyRing.ts';
import { type ParsedToken, parseToken } from './parse.ts';
import type { VerifiedTokens } from './verifiedTokens.ts';

type Claims = ParsedToken['payload'];

const ascii = new TextEncoder();

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
  /** How long ago the token may have expired, in seconds, besides the skew. Default 0; renewal alone sets it. */
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
 * Verifies an access token by the one policy that every verifier follows: HS256 alone, a known key, canonical
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
  // RFC 8725 §3.1: the algorithm is ours to choose, not the token's. `crit` (RFC 7515 §4.1.11) asks for
  // something that we do not do.
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');
  // RFC 8725 §3.11: another kind of JWT must not pass for this one.
  if (header.typ !== 'JWT') throw new DaypassError('token_type');
  const chosen = chooseKey(sites, payload.iss, header.kid);
  if (!chosen) throw new DaypassError('token_key');
  // All else that jose's `compactVerify` does, parsing the same text again, is done above.
  const signatureAt = token.lastIndexOf('.') + 1;
  const signature = new Uint8Array(base64url.decode(token.slice(signatureAt)));
  const signed = ascii.encode(token.slice(0, signatureAt - 1));
  if (!(await crypto.subtle.verify('HMAC', chosen.key.key, signature, signed)))
    throw new DaypassError('token_signature');
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
