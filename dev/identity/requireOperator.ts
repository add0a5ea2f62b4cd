import type { Context } from 'hono';
import type { Claims } from './accessTokens.ts';
import { HttpError } from './errors.ts';
import type { Parts } from './parts.ts';
import { bearerOf, userOfClaims } from './request.ts';
import type { User } from './users.ts';

/**
 * Lets the operator pass, and users of the admin group.
 * @returns the claims of the user's token; undefined for the operator
 * @throws HttpError 401 for anyone else; a user's valid token is told from a bad one
 */
export async function requireOperator(parts: Parts, c: Context): Promise<Claims | undefined> {
  const token = bearerOf(c, { clearsCookie: false });
  if (token === parts.settings.operatorToken) return undefined;
  const claims = await parts.accessTokens.read(token);
  const user = userOfClaims(parts, claims);
  if (user && isAdmin(parts, user)) return claims;
  throw new HttpError(401, 'User not allowed');
}

/** GoTrue looks at `role`, a field of the user's own, and not at the roles in `app_metadata`. */
export function isAdmin({ settings }: Parts, user: User): boolean {
  return user.aud === settings.audience && user.role === settings.adminGroup;
}
