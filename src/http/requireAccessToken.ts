import type { MiddlewareHandler } from 'hono';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { readBearer } from '../token/bearer.ts';
import { createVerifier, type VerifierOptions } from '../token/createVerifier.ts';
import { problemResponse } from './problem.ts';

/** What `requireAccessToken` leaves for the handlers behind it. */
export interface AccessTokenEnv {
  Variables: { accessToken: AccessToken };
}

/**
 * Hono middleware that lets only callers with a valid access token through, verified offline. Handlers read it
 * as `c.var.accessToken`. It knows no policy, and so no mode `monitor`: it always refuses. A refusal is 401 (403 for want of the scope) with the challenge of RFC 6750 §3 and
 * problem+json that holds the stable `code`.
 * @param options what this backend accepts; `scope` is the scope that the token must carry
 * @throws {ConfigurationError} a TypeError: an option is at fault
 */
export function requireAccessToken(
  options: VerifierOptions & { scope?: string },
): MiddlewareHandler<AccessTokenEnv> {
  const verify = createVerifier(options);
  return async (c, next) => {
    try {
      const token = await verify(readBearer(c.req.raw.headers));
      if (options.scope !== undefined && !token.scopes.includes(options.scope)) {
        throw new DaypassError('insufficient_scope');
      }
      c.set('accessToken', token);
    } catch (error) {
      if (error instanceof DaypassError) return problemResponse(error);
      throw error;
    }
    await next();
  };
}
