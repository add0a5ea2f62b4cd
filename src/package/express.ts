import type { AccessTokenOptions } from '../http/accessTokenCheck.ts';
import { createExpressMiddleware, type ExpressMiddleware } from '../http/expressMiddleware.ts';
import { isDebugMode } from '../runtime/platform.ts';
import type { AccessToken } from '../token/accessToken.ts';

export type { AccessTokenOptions } from '../http/accessTokenCheck.ts';
export type { ExpressMiddleware, ExpressRequest, ExpressResponse } from '../http/expressMiddleware.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { AccessToken } from '../token/accessToken.ts';
export type { SiteOptions, VerifierOptions } from '../token/verifierOptions.ts';

declare global {
  namespace Express {
    interface Request {
      /** What the caller's access token says, behind `requireAccessToken`. */
      daypass?: AccessToken | undefined;
    }
  }
}

/**
 * Express middleware (4 and 5) that lets only callers with a valid access token through, verified offline, whatever their
 * method. Handlers read it as `req.daypass`. A refusal is 401 (403 for want of the scope, 400 for two tokens) with the
 * challenge of RFC 6750 §3 and problem+json that holds the stable `code`; what is no refusal goes to `next(error)`. Every
 * answer has an `X-Request-Id`: the gate's, where the call came through it, and names both token fields in `Vary`. Where
 * the gate stands in front, it answers preflights; otherwise let your CORS middleware stand before this one.
 * @param options what this backend accepts, of one site or several; `scope` is the scope that the token must carry
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 * @example
 * const app = express();
 * app.use(
 *   '/api',
 *   requireAccessToken({ secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' }),
 * );
 * app.get('/api/hello', (req, res) => res.json({ you: req.daypass?.subject }));
 */
export function requireAccessToken(options: AccessTokenOptions): ExpressMiddleware {
  return createExpressMiddleware(options, isDebugMode());
}
