import type { MiddlewareHandler } from 'hono';
import { DaypassError } from '../protocol/error.ts';
import { requestIdHeader } from '../protocol/headers.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { type AccessTokenOptions, createAccessTokenCheck, varyByToken } from './accessTokenCheck.ts';
import { requestIdOf } from './requestId.ts';

/** What `requireAccessToken` leaves for the handlers behind it. */
export interface AccessTokenEnv {
  Variables: {
    accessToken: AccessToken;
    /** What finds the request in the logs: of hono/request-id where that has run, else the gate's, else a new one. */
    requestId: string;
  };
}

/**
 * Hono middleware: see `daypass/hono`.
 * @param isDebugMode the default of the option `debug`
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 */
export function requireAccessToken(
  options: AccessTokenOptions,
  isDebugMode = false,
): MiddlewareHandler<AccessTokenEnv> {
  const { check, refuse } = createAccessTokenCheck(options, isDebugMode);
  return async (c, next) => {
    const requestId = c.var.requestId ?? requestIdOf(c.req.header(requestIdHeader));
    c.set('requestId', requestId);
    let isLetIn = true;
    try {
      c.set('accessToken', await check(c.req.raw.headers));
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      isLetIn = false;
      // Takes over the fields that CORS has set.
      c.res = refuse(error);
    }
    if (isLetIn) await next();
    // Both copy the answer where its fields cannot be changed.
    c.header('vary', varyByToken(c.res.headers.get('vary') ?? ''));
    if (!c.res.headers.has(requestIdHeader)) c.header(requestIdHeader, requestId);
  };
}
