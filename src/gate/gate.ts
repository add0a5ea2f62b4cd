import { canonicalAddress } from '../limits/address.ts';
import { unitsToCharge } from '../limits/meter.ts';
import type { RequestBodies } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Counters } from '../store/counters.ts';
import { type AuthorizeDependencies, type CheckedCall, checkCall, refuseUpgrade } from './checkCall.ts';
import type { CallTerms } from './checkSession.ts';
import { counted } from './counted.ts';
import { type Fetch, forward } from './forward.ts';
import { matchRoute, resolveUpstream } from './matchRoute.ts';
import { readBody } from './readBody.ts';
import { type RequestHeaderOptions, requestHeaders } from './requestHeaders.ts';
import { locateAtSite } from './responseHeaders.ts';

export interface GateDependencies extends AuthorizeDependencies {
  /** Upstreams by the variable that names them. */
  upstreams: ReadonlyMap<string, URL>;
  bodies: RequestBodies;
  /** See `forward`. */
  fetchUndecoded?: Fetch | undefined;
  /** Told of each request field that does not go on: for the eyes of whoever writes the page. */
  onFieldDropped?: RequestHeaderOptions['onDropped'];
}

export interface Gate {
  /**
   * Route, upgrade, path, token, limits, body, upstream, in this order. What passes and what is refused is counted; what
   * the upstream then does is not.
   * @param caller.address as the platform says; no header field is asked
   * @param caller.requestId what the upstream gets as `X-Request-Id`
   * @throws {DaypassError} the refusals of each step
   */
  handle(request: Request, caller: { address: string | undefined; requestId: string }): Promise<Response>;
  /** For refusals before this. */
  counters: Counters;
  /** For `waitUntil`, once the answer is made. */
  flush: AuthorizeDependencies['flush'];
}

/** The check in front of an upstream. */
export function createGate(dependencies: GateDependencies): Gate {
  const { policy, upstreams, bodies, counters, fetchUndecoded } = dependencies;
  return {
    async handle(request, caller) {
      const url = new URL(request.url);
      const route = await counted(counters, undefined, () =>
        matchRoute(policy.routes, url.pathname, request.method),
      );
      const { upstream, target, fields, charge } = await counted(counters, route.path, async () => {
        const upstream = upstreams.get(route.upstream);
        refuseUpgrade(request.headers);
        if (!upstream) throw new DaypassError('not_configured', { detail: `${route.upstream} is not set.` });
        return {
          upstream,
          target: resolveUpstream(upstream, url, route.encodedSlashes),
          ...(await checkCall(dependencies, request.headers, caller.address, route)),
        };
      });
      const { timeoutSeconds, requestHeaders: only, clientAddress, maxBodyBytes, stream } = policy.upstream;
      const passOn = async () => {
        const body = await counted(counters, route.path, () =>
          readBody(request, { bodies, maxBodyBytes, stream }),
        );
        const headers = requestHeaders(request, {
          only,
          clientAddress: clientAddress ? canonicalAddress(caller.address) : undefined,
          requestId: caller.requestId,
          onDropped: dependencies.onFieldDropped,
        });
        const { clock } = bodies;
        return forward(request, {
          target,
          upstream: route.upstream,
          headers,
          body,
          timeoutSeconds,
          clock,
          fetchUndecoded,
        });
      };
      const response = await passOn().catch((error) => {
        throw withHeaders(error, fields);
      });
      locateAtSite(response.headers, { upstream, target, site: url.origin });
      chargePrice(route, response.headers, charge);
      for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
      return response;
    },
    counters,
    flush: dependencies.flush,
  };
}

/** Takes the price that the upstream names off the answer, and charges what the call has not cost yet. */
export function chargePrice({ cost }: CallTerms, headers: Headers, charge: CheckedCall['charge']): void {
  if (typeof cost !== 'object') return;
  charge(unitsToCharge(headers.get(cost.answer)));
  headers.delete(cost.answer);
}

/** The call counted, whatever the upstream did with it. */
function withHeaders(error: unknown, headers: Readonly<Record<string, string>>): unknown {
  if (!(error instanceof DaypassError)) return error;
  const { code, message, retryAfterSeconds, cause } = error;
  return new DaypassError(code, {
    detail: message,
    headers: { ...error.headers, ...headers },
    cause,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  });
}
