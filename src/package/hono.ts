import type { AccessTokenOptions } from '../http/accessTokenCheck.ts';
import { requireAccessToken as requireWithDefaults } from '../http/requireAccessToken.ts';
import { isDebugMode } from '../runtime/platform.ts';

export type { AccessTokenOptions } from '../http/accessTokenCheck.ts';
export type { AccessTokenEnv } from '../http/requireAccessToken.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { AccessToken } from '../token/accessToken.ts';
export type { SiteOptions, VerifierOptions } from '../token/verifierOptions.ts';

/**
 * Hono middleware that lets only callers with a valid access token through, verified offline. Handlers read it as
 * `c.var.accessToken`. It knows no policy, and so no mode `monitor`: it always refuses. A refusal is 401 (403 for want of the
 * scope, 400 for two tokens) with the challenge of RFC 6750 §3 and problem+json that holds the stable `code`. Every answer has
 * an `X-Request-Id`, also `c.var.requestId`: the gate's, where the call came through it; and names both token fields in `Vary`.
 * @param options what this backend accepts, of one site or several; `scope` is the scope that the token must carry
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 * @example
 * const app = new Hono<AccessTokenEnv>();
 * app.use(
 *   '/api/*',
 *   requireAccessToken({ secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' }),
 * );
 * app.get('/api/hello', (c) => c.json({ you: c.var.accessToken.subject }));
 */
export function requireAccessToken(options: AccessTokenOptions): ReturnType<typeof requireWithDefaults> {
  return requireWithDefaults(options, isDebugMode());
}
