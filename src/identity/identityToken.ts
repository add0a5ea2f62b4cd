import { jwtVerify, SignJWT } from 'jose';
import { DaypassError } from '../protocol/error.ts';
import { parseToken } from '../token/parse.ts';
import { isUserId } from './user.ts';

/** For the log alone: it is the operator who can mend it. */
const foreignAudience =
  "the aud of the token is not the policy's; where GOTRUE_JWT_AUD is set, name its value in daypass.config.ts: identity: { audience: '…' }";

/**
 * Refuses what cannot be an Identity token of the site's audience, before any network is asked. Nothing is
 * believed yet: the site cannot read Identity's key, so only `GET /user` proves a token.
 * @param options.now the present, seconds since the epoch
 * @param options.audience GoTrue's audience that the policy names; empty for none
 * @returns the id of the user that the token names
 * @throws {DaypassError} `subject_token_…`
 */
export function checkIdentityToken(token: string, options: { now: number; audience: string }): string {
  const parsed = parseToken(token);
  if (!parsed) throw new DaypassError('subject_token_malformed');
  const { header, payload } = parsed;
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('subject_token_algorithm');
  if (typeof payload.exp !== 'number' || !isUserId(payload.sub))
    throw new DaypassError('subject_token_claims');
  // GoTrue leaves an empty `aud` out. Users of another audience the admin calls of ours would not find.
  if ((payload.aud ?? '') !== options.audience) {
    throw new DaypassError('subject_token_claims', { cause: new Error(foreignAudience) });
  }
  if (payload.exp <= options.now) throw new DaypassError('subject_token_expired');
  return payload.sub;
}

/**
 * Verifies an Identity token with the key of one's own GoTrue (`IDENTITY_JWT_SECRET`).
 * @throws {DaypassError} `subject_token_rejected`
 */
export async function verifyIdentityToken(token: string, secret: string, now: number): Promise<void> {
  try {
    const key = new TextEncoder().encode(secret);
    await jwtVerify(token, key, { algorithms: ['HS256'], currentDate: new Date(now * 1000) });
  } catch (cause) {
    throw new DaypassError('subject_token_rejected', { cause });
  }
}

/** Whom nobody has. */
const nobody = '00000000-0000-0000-0000-000000000000';

/**
 * Signs an Identity token of a user that there is not, good for a minute: by its answer Identity tells whether the key is
 * its own.
 */
export function signProbeToken(secret: string, options: { now: number; audience: string }): Promise<string> {
  const { now, audience } = options;
  const claims = { sub: nobody, exp: now + 60, email: '', app_metadata: {}, user_metadata: {} };
  return new SignJWT(audience ? { ...claims, aud: audience } : claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'nf-ident', typ: 'JWT' })
    .sign(new TextEncoder().encode(secret));
}
