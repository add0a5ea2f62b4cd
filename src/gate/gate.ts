import { rateLimitFields } from '../limits/fields.ts';
import { DaypassError } from '../protocol/error.ts';
import { type AuthorizeDependencies, authorize } from './authorize.ts';
import { forward } from './forward.ts';
import { matchRoute } from './matchRoute.ts';
import { resolveUpstream } from './resolveUpstream.ts';

export interface GateDependencies extends AuthorizeDependencies {
  /** Upstreams by the variable that names them. */
  upstreams: ReadonlyMap<string, URL>;
}

export interface Gate {
  /**
   * Route, path, token, limits, upstream, in this order.
   * @param caller.address as the platform says; no header field is asked
   * @throws {DaypassError} the refusals of each step
   */
  handle(request: Request, caller: { address: string | undefined }): Promise<Response>;
}

/** The check in front of an upstream. */
export function createGate(dependencies: GateDependencies): Gate {
  const { policy, upstreams } = dependencies;
  return {
    async handle(request, caller) {
      const url = new URL(request.url);
      const route = matchRoute(policy.routes, url.pathname, request.method);
      const upstream = upstreams.get(route.upstream);
      if (!upstream) throw new DaypassError('not_configured', { detail: `${route.upstream} is not set.` });
      const target = resolveUpstream(upstream, url);
      const decisions = route.verify
        ? (await authorize(dependencies, request.headers, caller.address, route)).decisions
        : await dependencies.admit(undefined, caller.address);
      const { timeoutSeconds, requestHeaders: extraHeaders } = policy.upstream;
      const fields = rateLimitFields(decisions);
      const response = await forward(request, { target, timeoutSeconds, extraHeaders }).catch((error) => {
        throw withHeaders(error, fields);
      });
      for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
      return response;
    },
  };
}

/** The call counted, whatever the upstream did with it. */
function withHeaders(error: unknown, headers: Record<string, string>): unknown {
  if (!(error instanceof DaypassError)) return error;
  const { code, message, retryAfterSeconds, cause } = error;
  return new DaypassError(code, {
    detail: message,
    headers: { ...error.headers, ...headers },
    cause,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
