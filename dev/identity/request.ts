import type { Context } from 'hono';
import type { Claims } from './accessTokens.ts';
import { HttpError } from './errors.ts';
import { uuidPattern } from './options.ts';
import { readParams } from './params.ts';
import type { Parts } from './parts.ts';
import type { User } from './users.ts';

const bearerPattern = /^[Bb]earer (\S+)$/;

/** @throws HttpError 401 when the request has no bearer token */
export function bearerOf(c: Context, { clearsCookie }: { clearsCookie: boolean }): string {
  const token = bearerPattern.exec(c.req.header('authorization') ?? '')?.[1];
  if (token === undefined) {
    throw new HttpError(401, 'This endpoint requires a Bearer token', { clearsCookie });
  }
  return token;
}

/** @throws HttpError 401 without a valid access token */
export function claimsOf({ accessTokens }: Parts, c: Context): Promise<Claims> {
  return accessTokens.read(bearerOf(c, { clearsCookie: true }));
}

/** The user that a token speaks of, if still there. */
export function userOfClaims({ users }: Parts, claims: Claims): User | undefined {
  if (!uuidPattern.test(claims.sub)) throw new HttpError(400, 'Could not read User ID claim');
  return users.get(claims.sub.toLowerCase());
}

/** The audience that a request is about: its header's, else its token's, else the server's own. */
export function audienceOf({ settings }: Parts, c: Context, claims?: Claims): string {
  return c.req.header('x-jwt-aud') || claims?.aud || settings.audience;
}

/** @throws HttpError 400 with the given words before Go's own when the body cannot be read */
export async function bodyOf<const F extends Parameters<typeof readParams>[2]>(
  c: Context,
  fault: string,
  struct: string,
  fields: F,
) {
  // Go does not skip a byte order mark, as `text()` does.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(await c.req.arrayBuffer());
  try {
    return readParams(text, struct, fields);
  } catch (error) {
    throw new HttpError(400, `${fault}: ${(error as Error).message}`);
  }
}
