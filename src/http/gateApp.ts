import { Hono } from 'hono';
import { type AuthorizeDependencies, authorize, refuseUpgrade } from '../gate/checkCall.ts';
import { type Gate, isRefusal } from '../gate/gate.ts';
import { dropReason } from '../gate/requestHeaders.ts';
import { rateLimitFields } from '../limits/meter.ts';
import { chargePrice, forgetPrices } from '../limits/price.ts';
import type { AccessTerms, Policy } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import { requestIdHeader, tokenHeader } from '../protocol/wire.ts';
import type { AccessToken } from '../token/claims.ts';
import { type CallerEnv, callerOf, identifyRequest, logOf, noStore } from './context.ts';
import { allowApiOrigins, checkOrigin, type OriginRule } from './origins.ts';
import { answerRefusal } from './problem.ts';

/** The gate as a Hono app: preflights, refusals as problem+json, and the fields that every answer carries. */
export function createGateApp(
  gate: Gate,
  policy: OriginRule & Pick<Policy, 'exposeHeaders' | 'upstream'>,
  log: Log,
): Hono<CallerEnv> {
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.use(noStore);
  app.use(allowApiOrigins(policy, log, (name) => goesOn(name, policy.upstream.requestHeaders)));
  app.use(async (c, next) => {
    await next();
    // Behind `onError`, which counts what was refused.
    c.env?.waitUntil?.(gate.flush());
  });
  app.all('*', (c) => {
    checkOrigin(c.req.raw, policy);
    return gate.handle(c.req.raw, { ...callerOf(c), requestId: c.var.requestId });
  });
  app.onError((thrown, c) => {
    if (thrown instanceof DaypassError) c.set('route', thrown.route);
    if (isRefusal(thrown)) gate.counters.add('refused', { code: thrown.code, route: thrown.route });
    return answerRefusal(thrown, logOf(c, log));
  });
  return app;
}

/** What the gate reads or says itself, no page has to leave out. */
function goesOn(name: string, requestHeaders: readonly string[] | undefined): boolean {
  return name === tokenHeader || name === requestIdHeader || dropReason(name, requestHeaders) === undefined;
}

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
  terms: AccessTerms,
  handler: ProtectedHandler,
  log: Log,
): Hono<CallerEnv> {
  const { policy, deployContext } = dependencies;
  const rule = { origins: policy.origins, deployContext };
  const app = new Hono<CallerEnv>();
  app.use(identifyRequest);
  app.use(noStore);
  app.use(allowApiOrigins(policy, log));
  app.all('*', async (c) => {
    const request = c.req.raw;
    checkOrigin(request, rule);
    refuseUpgrade(request.headers);
    const { address } = callerOf(c);
    forgetPrices(request);
    try {
      const authorized = await authorize(dependencies, request, address, terms);
      // The platform may end a handler that takes too long, and nothing behind it would run.
      c.env?.waitUntil?.(dependencies.flush());
      // A Response of fetch has fields that cannot be changed; a copy's can.
      const answer = await handler(request, authorized.accessToken, c.var.requestId);
      const response = new Response(answer.body, answer);
      chargePrice(terms, response.headers, authorized.charge, request);
      for (const [name, value] of Object.entries(rateLimitFields(authorized.decisions)))
        response.headers.set(name, value);
      return response;
    } finally {
      // Again, behind the price: this instance may be frozen once the answer is sent.
      c.env?.waitUntil?.(dependencies.flush());
    }
  });
  app.onError((thrown, c) => {
    c.set('route', terms.path);
    return answerRefusal(thrown, logOf(c, log));
  });
  return app;
}
