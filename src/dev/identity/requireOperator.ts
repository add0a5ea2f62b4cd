import type { Context } from 'hono';
import { HttpError } from './errors.ts';
import type { Parts } from './parts.ts';
import { bearerOf } from './request.ts';

/** @throws HttpError 401 for anyone but the operator; a user's valid token is told from a bad one */
export async function requireOperator(parts: Parts, c: Context): Promise<void> {
  const token = bearerOf(c, { clearsCookie: false });
  if (token === parts.settings.operatorToken) return;
  await parts.accessTokens.read(token);
  throw new HttpError(401, 'User not allowed');
}
