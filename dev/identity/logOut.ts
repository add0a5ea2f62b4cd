import type { Context } from 'hono';
import { clearCookie } from './answers.ts';
import { HttpError } from './errors.ts';
import type { Parts } from './parts.ts';
import { claimsOf, userOfClaims } from './request.ts';

/** `POST /logout`: ends the user's refresh tokens. Access tokens live on. */
export async function logOut(parts: Parts, c: Context): Promise<Response> {
  const user = userOfClaims(parts, await claimsOf(parts, c));
  if (!user) throw new HttpError(401, 'Invalid user', { clearsCookie: true });
  parts.refreshTokens.forget(user.id);
  const response = new Response(null, { status: 204 });
  clearCookie(response.headers, parts.clock.milliseconds());
  return response;
}
