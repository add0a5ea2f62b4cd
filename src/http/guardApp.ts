import { Hono } from 'hono';
import { endpointOf } from '../guard/endpoint.ts';
import type { Guard } from '../guard/guard.ts';
import type { DaypassError } from '../protocol/error.ts';
import { exposedHeaders, requestIdHeader } from '../protocol/headers.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { goTrueErrorResponse, toDaypassError } from './problem.ts';
import { logOf, requestIdOf } from './requestId.ts';

/**
 * The sign-up guard as a Hono app, in front of Identity.
 * @param next hands the request to Identity; what it answers goes back untouched
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
    try {
      await guard(request, callerOf(c));
    } catch (thrown) {
      return refusal(request, toDaypassError(thrown, logOf(c, log)), c.var.requestId);
    } finally {
      if (guard.settle) c.env?.waitUntil?.(guard.settle());
    }
    return next(request);
  });
  // What goes wrong behind the guard is the platform's to answer, as it would be without.
  app.onError((thrown) => {
    throw thrown;
  });
  return app;
}

/** Worded as Identity words its own at this address, for every page that could read those. */
function refusal(request: Request, error: DaypassError, requestId: string): Response {
  const speaksOAuth = endpointOf(request) === '/token';
  const response = goTrueErrorResponse(error, { speaksOAuth, requestId });
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
