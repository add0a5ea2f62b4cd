import { Hono } from 'hono';
import { counted } from '../gate/counted.ts';
import type { Gate } from '../gate/gate.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { allowOrigins, apiMethods } from './cors.ts';
import { forOneCaller } from './forOneCaller.ts';
import { checkOrigin } from './origin.ts';
import { problemResponse, toDaypassError } from './problem.ts';

/** The gate as a Hono app: preflights, refusals as problem+json, and the fields that every answer carries. */
export function createGateApp(gate: Gate, origins: readonly string[], log: Log): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.use(forOneCaller);
  app.use(allowOrigins(origins, apiMethods));
  app.all('*', async (c) => {
    try {
      await counted(gate.counters, undefined, () => checkOrigin(c.req.raw, origins));
      return await gate.handle(c.req.raw, callerOf(c));
    } finally {
      c.env?.waitUntil?.(gate.counters.settle());
    }
  });
  app.onError((thrown) => problemResponse(toDaypassError(thrown, log)));
  return app;
}
