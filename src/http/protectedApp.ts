import { Hono } from 'hono';
import { type AuthorizeDependencies, authorize, type Requirement } from '../gate/authorize.ts';
import { refuseUpgrade } from '../gate/checkCall.ts';
import { chargePrice } from '../gate/gate.ts';
import { rateLimitFields } from '../limits/decision.ts';
import type { Log } from '../protocol/log.ts';
import type { AccessToken } from '../token/claims.ts';
import { type CallerEnv, callerOf } from './caller.ts';
import { allowApiOrigins } from './cors.ts';
import { forOneCaller } from './forOneCaller.ts';
import { checkOrigin } from './origin.ts';
import { problemResponse, toDaypassError } from './problem.ts';
import { identifyRequest, logOf } from './requestId.ts';

/** A handler behind the check, with the token of its caller and the id of the request. */
export type ProtectedHandler = (
  request: Request,
  accessToken: AccessToken,
  requestId: string,
) => Response | Promise<Response>;

/**
 * The gate's check in front of a handler of the site's own. It refuses in the policy's mode `monitor` too: the handler
 * counts on the token.
 */
export function createProtectedApp(
  dependencies: AuthorizeDependencies,
  requirement: Requirement,
  handler: ProtectedHandler,
  log: Log,
): Hono<CallerEnv> {
  const { policy, deployContext } = dependencies;
  const rule = { origins: policy.origins, deployContext };
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.use(forOneCaller);
  app.use(allowApiOrigins(policy, log));
  app.all('*', async (c) => {
    const request = c.req.raw;
    checkOrigin(request, rule);
    refuseUpgrade(request.headers);
    const { address } = callerOf(c);
    const { accessToken, decisions, charge } = await authorize(
      dependencies,
      request.headers,
      address,
      requirement,
    ).finally(() => c.env?.waitUntil?.(dependencies.settle()));
    // A Response of fetch has fields that cannot be changed; a copy's can.
    const answer = await handler(request, accessToken, c.var.requestId);
    const response = new Response(answer.body, answer);
    chargePrice(requirement, response.headers, charge);
    for (const [name, value] of Object.entries(rateLimitFields(decisions))) response.headers.set(name, value);
    return response;
  });
  app.onError((thrown, c) => problemResponse(toDaypassError(thrown, logOf(c, log))));
  return app;
}
