import type { MiddlewareHandler } from 'hono';
import { DaypassError } from '../protocol/error.ts';
import { requestIdHeader } from '../protocol/headers.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { type AccessTokenOptions, createAccessTokenCheck } from './accessTokenCheck.ts';
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
    try {
      c.set('accessToken', await check(c.req.raw.headers));
    } catch (error) {
      if (error instanceof DaypassError) {
        const response = refuse(error);
        response.headers.set(requestIdHeader, requestId);
        return response;
      }
      throw error;
    }
    await next();
    // Copies the answer where its fields cannot be changed.
    if (!c.res.headers.has(requestIdHeader)) c.header(requestIdHeader, requestId);
  };
}
