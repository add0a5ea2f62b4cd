import { Hono } from 'hono';
import { endpointOf } from '../guard/endpoint.ts';
import type { Guard } from '../guard/guard.ts';
import type { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { exposed } from './cors.ts';
import { goTrueErrorResponse, toDaypassError, tokenErrorResponse } from './problem.ts';

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
    try {
      await guard(request, callerOf(c));
    } catch (thrown) {
      return refusal(request, toDaypassError(thrown, log));
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
function refusal(request: Request, error: DaypassError): Response {
  const speaksOAuth = endpointOf(request) === '/token';
  const response = speaksOAuth ? tokenErrorResponse(error, false) : goTrueErrorResponse(error);
  // netlify/gotrue, api/api.go: CORS for every origin, with credentials.
  response.headers.set('vary', 'Origin');
  if (request.headers.has('origin')) {
    response.headers.set('access-control-allow-origin', '*');
    response.headers.set('access-control-allow-credentials', 'true');
    response.headers.set('access-control-expose-headers', exposed.join(', '));
  }
  return response;
}
