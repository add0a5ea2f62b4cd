import type { MiddlewareHandler } from 'hono';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { type AccessTokenOptions, createAccessTokenCheck } from './accessTokenCheck.ts';

/** What `requireAccessToken` leaves for the handlers behind it. */
export interface AccessTokenEnv {
  Variables: { accessToken: AccessToken };
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
    try {
      c.set('accessToken', await check(c.req.raw.headers));
    } catch (error) {
      if (error instanceof DaypassError) return refuse(error);
      throw error;
    }
    await next();
  };
}
