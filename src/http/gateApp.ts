import { Hono } from 'hono';
import { counted } from '../gate/counted.ts';
import type { Gate } from '../gate/gate.ts';
import { isPassed } from '../gate/requestHeaders.ts';
import { forbiddenKind } from '../policy/forbiddenHeaders.ts';
import type { Policy } from '../policy/types.ts';
import { requestIdHeader, tokenHeader } from '../protocol/headers.ts';
import type { Log } from '../protocol/log.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { allowApiOrigins } from './cors.ts';
import { forOneCaller } from './forOneCaller.ts';
import { checkOrigin, type OriginRule } from './origin.ts';
import { problemResponse, toDaypassError } from './problem.ts';
import { identifyRequest, logOf } from './requestId.ts';

/** The gate as a Hono app: preflights, refusals as problem+json, and the fields that every answer carries. */
export function createGateApp(
  gate: Gate,
  policy: OriginRule & Pick<Policy, 'exposeHeaders' | 'upstream'>,
  log: Log,
): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.use(forOneCaller);
  app.use(allowApiOrigins(policy, log, (name) => goesOn(name, policy.upstream.requestHeaders)));
  app.all('*', async (c) => {
    try {
      await counted(gate.counters, undefined, () => checkOrigin(c.req.raw, policy));
      return await gate.handle(c.req.raw, { ...callerOf(c), requestId: c.var.requestId });
    } finally {
      c.env?.waitUntil?.(gate.settle());
    }
  });
  app.onError((thrown, c) => problemResponse(toDaypassError(thrown, logOf(c, log))));
  return app;
}

/** What the gate reads or says itself, no page has to leave out. */
function goesOn(name: string, only: readonly string[] | undefined): boolean {
  if (name === tokenHeader || name === requestIdHeader) return true;
  return forbiddenKind(name) === undefined && isPassed(name, only);
}
