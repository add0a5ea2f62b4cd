import { Hono } from 'hono';
import { endpointOf, type Guard, isLimited } from '../guard/guard.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { exposedHeaders, requestIdHeader } from '../protocol/wire.ts';
import { type CallerEnv, callerOf, logOf, requestIdOf } from './context.ts';
import { answerRefusal, goTrueErrorResponse, toDaypassError } from './problem.ts';

/**
 * The sign-up guard as a Hono app in front of Identity. It answers refusals only: after a fault of its own, which is logged,
 * the request goes on to Identity.
 * @param next passes the request to Identity; its answer goes back unchanged
 */
export function createGuardApp(
  guard: Guard,
  next: (request: Request) => Response | Promise<Response>,
  log: Log,
): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.all('*', async (c) => {
    const request = c.req.raw;
    c.set('requestId', requestIdOf(c.env?.requestId));
    const endpoint = endpointOf(request);
    try {
      await guard(request, endpoint, callerOf(c));
    } catch (thrown) {
      const { requestId } = c.var;
      const speaksOAuth = endpoint === '/token';
      c.set('route', endpoint !== undefined && isLimited(endpoint) ? endpoint : undefined);
      // A fault of the guard keeps no member out: only a refusal is an answer.
      if (!(thrown instanceof DaypassError)) {
        toDaypassError(thrown, logOf(c, log));
        return next(request);
      }
      const response = answerRefusal(thrown, logOf(c, log), (error) =>
        goTrueErrorResponse(error, { speaksOAuth, requestId }),
      );
      return withCors(response, request, c.var.requestId);
    } finally {
      if (guard.flush) c.env?.waitUntil?.(guard.flush());
    }
    return next(request);
  });
  // The platform answers errors behind the guard, as it would without one.
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}

/** Makes a refusal readable for every page that can read Identity's own. */
function withCors(response: Response, request: Request, requestId: string): Response {
  response.headers.set(requestIdHeader, requestId);
  // netlify/gotrue, api/api.go: CORS for every origin, with credentials.
  response.headers.set('vary', 'Origin');
  if (request.headers.has('origin')) {
    response.headers.set('access-control-allow-origin', '*');
    response.headers.set('access-control-allow-credentials', 'true');
    response.headers.set('access-control-expose-headers', exposedHeaders.join(', '));
  }
  return response;
}
