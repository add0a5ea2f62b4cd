import { createProtectedApp } from '../http/gateApp.ts';
import { requirePolicy } from '../policy/define.ts';
import { checkOwnLimits } from '../policy/limits.ts';
import type { CallLimits, Policy } from '../policy/types.ts';
import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys } from '../protocol/knownKeys.ts';
import type { AccessToken } from '../token/claims.ts';
import { createHandler, type NetlifyHandler } from './handler.ts';
import type { PlatformContext } from './platform.ts';
import { logLine } from './platform.ts';
import { wireAuthorization } from './wire.ts';

export interface ProtectOptions {
  /** Made by `definePolicy`. */
  policy: Policy;
  /** Audience that the token must be for. Default: the policy's first. */
  audience?: string;
  /** Scope that the token must carry. Default: none. */
  scope?: string;
  /** Names the limits below, and keeps their counts apart from those of other functions. */
  name?: string;
  /** Limits of this function's own, counted in addition to those of the site, as a route's are. They need a `name`. Default: none. */
  limits?: Partial<CallLimits>;
  /**
   * What a call takes from each limit that counts it, the site's and these: a whole number from 1, default 1.
   * `{ answer: 'daypass-cost' }`: the handler names the price in that header field of its answer, as an upstream does.
   */
  cost?: number | { readonly answer: string };
}

/** A function of the site's own; Netlify's context with the verified token and the request's id in it. */
export type ProtectedFunction<Context extends PlatformContext> = (
  request: Request,
  context: Context & { accessToken: AccessToken; requestId: string },
) => Response | Promise<Response>;

/**
 * Puts the gate's check in front of a Netlify function or edge function of one's own: token, revocation, limits. It
 * refuses in the policy's mode `monitor` too, since the handler counts on the token; while Redis is away the policy's
 * `storeFailure` holds here as in the gate.
 * @param handler called with `context.accessToken` once the caller has passed
 * @throws {ConfigurationError} a TypeError: the handler is not a function, `policy` was not created by `definePolicy` or lacks
 * `audience` or `scope`, or an option is unknown
 */
export function protect<Context extends PlatformContext>(
  handler: ProtectedFunction<Context>,
  options: ProtectOptions,
): (request: Request, context: Context) => Promise<Response> {
  if (typeof handler !== 'function') {
    throw new ConfigurationError(['protect: the handler must be a function (request, context).']);
  }
  requirePolicy('protect', options?.policy);
  assertKnownKeys('protect', options, ['policy', 'audience', 'scope', 'name', 'limits', 'cost']);
  const { policy, audience = policy.defaultAudience, scope } = options;
  const scopes = Object.hasOwn(policy.audiences, audience) ? policy.audiences[audience]?.scopes : undefined;
  if (!scopes) throw new ConfigurationError([`protect: ${audience} is not among the policy's audiences.`]);
  if (scope !== undefined && !scopes.includes(scope)) {
    throw new ConfigurationError([`protect: ${scope} is not among the scopes of audience ${audience}.`]);
  }
  const { limits, cost, path, owner } = checkOwnLimits('protect', options, policy.limits);
  const contexts = new WeakMap<Request, Context>();
  const guarded: NetlifyHandler = createHandler(policy, (environment, deployInfo) => {
    const authorization = wireAuthorization(policy, environment, deployInfo, logLine);
    return createProtectedApp(
      authorization,
      { audience, scope, limits, cost, owner, ...(path !== undefined && { path }) },
      (request, accessToken, requestId) =>
        handler(request, { ...(contexts.get(request) as Context), accessToken, requestId }),
      logLine,
    );
  });
  return (request, context) => {
    contexts.set(request, context);
    return guarded(request, context);
  };
}
