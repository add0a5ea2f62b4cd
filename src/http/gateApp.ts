import { Hono } from 'hono';
import { counted } from '../gate/counted.ts';
import type { Gate } from '../gate/gate.ts';
import { isPassed } from '../gate/requestHeaders.ts';
import { forbiddenKind } from '../policy/forbiddenHeaders.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { allowApiOrigins } from './cors.ts';
import { forOneCaller } from './forOneCaller.ts';
import { checkOrigin } from './origin.ts';
import { problemResponse, toDaypassError } from './problem.ts';

/** The gate as a Hono app: preflights, refusals as problem+json, and the fields that every answer carries. */
export function createGateApp(
  gate: Gate,
  policy: Pick<Policy, 'origins' | 'exposeHeaders' | 'upstream'>,
  log: Log,
): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.use(forOneCaller);
  app.use(allowApiOrigins(policy, log, (name) => goesOn(name, policy.upstream.requestHeaders)));
  app.all('*', async (c) => {
    try {
      await counted(gate.counters, undefined, () => checkOrigin(c.req.raw, policy.origins));
      return await gate.handle(c.req.raw, callerOf(c));
    } finally {
      c.env?.waitUntil?.(gate.counters.settle());
    }
  });
  app.onError((thrown) => problemResponse(toDaypassError(thrown, log)));
  return app;
}

/** The pass of a site with a password travels in a field that only the gate reads. */
function goesOn(name: string, only: readonly string[] | undefined): boolean {
  return name === 'x-daypass' || (forbiddenKind(name) === undefined && isPassed(name, only));
}
