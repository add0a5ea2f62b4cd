import type { MiddlewareHandler } from 'hono';
import { ConfigurationError, DaypassError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { readBearer } from '../token/bearer.ts';
import { createVerifier } from '../token/createVerifier.ts';
import { type VerifierOptions, verifierOptionNames } from '../token/verifierOptions.ts';
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
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 */
export function requireAccessToken(
  options: VerifierOptions & { scope?: string },
): MiddlewareHandler<AccessTokenEnv> {
  assertKnownKeys('requireAccessToken', options, [...verifierOptionNames, 'scope']);
  const { scope, ...verifierOptions } = options;
  // RFC 6749 §3.3. No token carries what is no scope, but a list of them would be a mistake that nobody sees.
  if (scope !== undefined && (typeof scope !== 'string' || !/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope))) {
    throw new ConfigurationError(['requireAccessToken: scope must be one scope, such as write.']);
  }
  const verify = createVerifier(verifierOptions);
  return async (c, next) => {
    try {
      const token = await verify(readBearer(c.req.raw.headers));
      if (scope !== undefined && !token.scopes.includes(scope)) {
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
