import { compactVerify, SignJWT } from 'jose';
import { DaypassError } from '../protocol/error.ts';
import type { ParsedToken } from '../token/verify.ts';
import { isUserId, type UserId } from './user.ts';

/** For the log only: the operator can fix it. */
const foreignAudience =
  "the aud of the token is not the policy's; where GOTRUE_JWT_AUD is set, name its value in daypass.config.ts: identity: { audience: '…' }";

/**
 * Refuses what cannot be an Identity token of the site's audience, before any network call. This proves nothing: the site
 * cannot read Identity's key, so only `GET /user` verifies a token.
 * @param options.now seconds since the epoch
 * @param options.audience GoTrue's audience in the policy; empty for none
 * @returns the id of the user that the token names
 * @throws {DaypassError} `subject_token_algorithm`, `subject_token_claims`, `subject_token_expired`
 */
export function checkIdentityToken(
  { header, payload }: ParsedToken,
  options: { now: number; audience: string },
): UserId {
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('subject_token_algorithm');
  if (typeof payload.exp !== 'number' || !isUserId(payload.sub))
    throw new DaypassError('subject_token_claims');
  // GoTrue omits an empty `aud`. Our admin calls would not find users of another audience.
  if ((payload.aud ?? '') !== options.audience) {
    throw new DaypassError('subject_token_claims', { cause: new Error(foreignAudience) });
  }
  if (payload.exp <= options.now) throw new DaypassError('subject_token_expired');
  return payload.sub;
}

/**
 * Verifies the signature of an Identity token with the key of your own GoTrue (`IDENTITY_JWT_SECRET`).
 * `checkIdentityToken` checks its claims.
 * @throws {DaypassError} `subject_token_rejected`
 */
export async function verifyIdentityToken(token: string, secret: string): Promise<void> {
  try {
    await compactVerify(token, new TextEncoder().encode(secret), { algorithms: ['HS256'] });
  } catch (cause) {
    throw new DaypassError('subject_token_rejected', { cause });
  }
}

/** No user has this id. */
const nilId = '00000000-0000-0000-0000-000000000000';

/**
 * Signs an Identity token, good for a minute, for a user who does not exist. Identity's answer to it shows whether the key is
 * its own.
 * @param options.now seconds since the epoch
 */
export function signProbeToken(secret: string, options: { now: number; audience: string }): Promise<string> {
  const { now, audience } = options;
  const claims = { sub: nilId, exp: now + 60, email: '', app_metadata: {}, user_metadata: {} };
  return new SignJWT(audience ? { ...claims, aud: audience } : claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'nf-ident', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret));
}
