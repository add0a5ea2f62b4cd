import { jwtVerify } from 'jose';
import { DaypassError } from '../protocol/error.ts';
import { parseToken } from '../token/parse.ts';
import { isUserId } from './user.ts';

/**
 * Refuses what cannot be an Identity token of the default audience, before any network is asked. Nothing is
 * believed yet: the site cannot read Identity's key, so only `GET /user` proves a token.
 * @param now the present, seconds since the epoch
 * @returns the id of the user that the token names
 * @throws {DaypassError} `subject_token_…`
 */
export function checkIdentityToken(token: string, now: number): string {
  const parsed = parseToken(token);
  if (!parsed) throw new DaypassError('subject_token_malformed');
  const { header, payload } = parsed;
  if (header.alg !== 'HS256' || 'crit' in header) throw new DaypassError('subject_token_algorithm');
  if (typeof payload.exp !== 'number' || !isUserId(payload.sub))
    throw new DaypassError('subject_token_claims');
  // GoTrue sets `aud` for users of another audience alone, whom the admin calls of ours would not find.
  if (payload.aud !== undefined && payload.aud !== '') throw new DaypassError('subject_token_claims');
  if (payload.exp <= now) throw new DaypassError('subject_token_expired');
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
