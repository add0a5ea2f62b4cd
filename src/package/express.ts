import {
  type ExpressOptions as AccessTokenOptions,
  createExpressMiddleware,
  type ExpressMiddleware,
} from '../http/expressMiddleware.ts';
import { createCallLimiter } from '../netlify/callLimiter.ts';
import { isDebugMode } from '../netlify/platform.ts';
import type { AccessToken } from '../token/claims.ts';

export type {
  ExpressMiddleware,
  ExpressOptions as AccessTokenOptions,
  ExpressRequest,
  ExpressResponse,
} from '../http/expressMiddleware.ts';
export type { CallLimits, Limit, LimitWindows } from '../policy/types.ts';
export { ConfigurationError } from '../protocol/error.ts';
export type { AccessToken } from '../token/claims.ts';
export type { SiteOptions, VerifierOptions } from '../token/createVerifier.ts';

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
 * challenge of RFC 6750 §3 and problem+json that holds the stable `code`; any other error goes to `next(error)`. Every
 * answer has an `X-Request-Id`: the gate's, where the call came through it, and names both token fields in `Vary`. Where
 * the gate stands in front, it answers preflights; otherwise let your CORS middleware stand before this one.
 *
 * With `limits` it counts calls too, as the gate does: 429 `rate_limited` with `Retry-After`, and the RateLimit fields of
 * draft-ietf-httpapi-ratelimit-headers-10 on every answer. Processes count together in the Redis of `redis` or of
 * `UPSTASH_REDIS_REST_URL`, else each in its own memory.
 * @param options what this backend accepts, of one site or several; `scope` is the scope that the token must carry
 * @throws {ConfigurationError} a TypeError: an option is invalid or unknown
 * @example
 * const app = express();
 * const site = { secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' };
 * app.use('/api', requireAccessToken(site));
 * app.get('/api/hello', (req, res) => res.json({ you: req.daypass?.subject }));
 * @example
 * const limits = {
 *   session: { limit: 20, windowSeconds: 86_400 },
 *   total: { limit: 5000, windowSeconds: 3600 },
 * };
 * app.use('/api/chat', requireAccessToken({ ...site, name: 'chat', limits, cost: { answer: 'daypass-cost' } }));
 */
export function requireAccessToken(options: AccessTokenOptions): ExpressMiddleware {
  return createExpressMiddleware(options, { isDebugMode: isDebugMode(), createCallLimiter });
}
