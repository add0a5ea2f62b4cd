import { Hono } from 'hono';
import type { Gate } from '../gate/gate.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { allowOrigins } from './cors.ts';
import { checkOrigin } from './origin.ts';
import { problemResponse, toDaypassError } from './problem.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** The gate as a Hono app: preflights, refusals as problem+json, and the fields that every answer carries. */
export function createGateApp(gate: Gate, origins: readonly string[], log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  // Outermost, so that it has the last word.
  app.use(async (c, next) => {
    await next();
    c.res.headers.set('cache-control', 'no-store');
    c.res.headers.set('vary', 'Authorization, Origin');
  });
  app.use(allowOrigins(origins, methods));
  app.all('*', async (c) => {
    checkOrigin(c.req.raw, origins);
    return gate.handle(c.req.raw, callerOf(c));
  });
  app.onError((thrown) => problemResponse(toDaypassError(thrown, log)));
  return app;
}
