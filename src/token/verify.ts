import { compactVerify } from 'jose';
import type { DeployContext } from '../protocol/deployContext.ts';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from './accessToken.ts';
import { checkClaims } from './claims.ts';
import { findKey, type KeyRing } from './keyRing.ts';
import { parseToken } from './parse.ts';
import type { VerifiedTokens } from './verifiedTokens.ts';

export interface VerifyOptions {
  /** Keys of the one audience that the token must be for. */
  keyRing: KeyRing;
  /** `iss` that the token must carry. */
  issuer: string;
  /** Deploy contexts whose tokens are accepted. */
  deployContexts: readonly DeployContext[];
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

/**
 * Verifies an access token by the one policy that every verifier follows: HS256 alone, a known key, canonical
 * encoding, and the claims as `checkClaims` wants them.
 * @throws {DaypassError} code `token_…` or `session_ended`; the message is the same for all
 */
export async function verifyToken(token: string, options: VerifyOptions): Promise<AccessToken> {
  const { keyRing, verifiedTokens } = options;
  const policy = { ...options, audience: keyRing.audience };
  const known = verifiedTokens?.get(token, keyRing);
  if (known) return checkClaims(known, policy);
  const { key, claims } = await checkSignature(token, keyRing);
  const accessToken = checkClaims(claims, policy);
  verifiedTokens?.add(token, key, claims);
  return accessToken;
}

async function checkSignature(token: string, keyRing: KeyRing) {
  const parsed = parseToken(token);
  if (!parsed) throw new DaypassError('token_malformed');
  const { header, payload } = parsed;
  // RFC 8725 §3.1: the algorithm is ours to choose, not the token's. `crit` (RFC 7515 §4.1.11) asks for
  // something that we do not do.
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('token_algorithm');
  // RFC 8725 §3.11: another kind of JWT must not pass for this one.
  if (header.typ !== 'JWT') throw new DaypassError('token_type');
  const key = findKey(keyRing, header.kid);
  if (!key) throw new DaypassError('token_key');
  try {
    await compactVerify(token, key.key, { algorithms: ['HS256'] });
  } catch (cause) {
    throw new DaypassError('token_signature', { cause });
  }
  return { key, claims: payload };
}
