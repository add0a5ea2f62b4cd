import { canonicalAddress } from '../limits/address.ts';
import { chargePrice } from '../limits/price.ts';
import type { RequestBodies } from '../limits/requestBodies.ts';
import type { CheckedRoute } from '../policy/types.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Counters } from '../store/counters.ts';
import { type AuthorizeDependencies, type CheckedCall, checkCall, refuseUpgrade } from './checkCall.ts';
import { CallerLeft, type Fetch, forward } from './forward.ts';
import { matchRoute, resolveUpstream } from './matchRoute.ts';
import { readBody } from './readBody.ts';
import { forwardedHeaders, type RequestHeaderOptions } from './requestHeaders.ts';
import { locateAtSite } from './responseHeaders.ts';

export interface GateDependencies extends AuthorizeDependencies {
  /** Upstreams by the variable that names them. */
  upstreams: ReadonlyMap<string, URL>;
  bodies: RequestBodies;
  /** See `forward`. */
  fetchUndecoded?: Fetch | undefined;
  /** Called for each request field that is not forwarded, for the developer of the page. */
  onFieldDropped?: RequestHeaderOptions['onDropped'];
}

/** Who calls. */
interface GateCaller {
  /** From the platform, never from a header field. */
  address: string | undefined;
  /** What the upstream gets as `X-Request-Id`. */
  requestId: string;
}

/** A call that may go on, read once. */
interface Checked {
  url: URL;
  route: CheckedRoute;
  target: URL;
  caller: GateCaller;
}

export interface Gate {
  /**
   * Route, upgrade, token, limits, body, upstream, in this order. What passes is counted here.
   * @throws {DaypassError} the refusals of each step, with the route once there is one
   */
  handle(request: Request, caller: GateCaller): Promise<Response>;
  /** For refusals, wherever they come from. */
  counters: Counters;
  /** For `waitUntil`, once the answer is made. */
  flush: AuthorizeDependencies['flush'];
}

/** The check in front of an upstream. */
export function createGateHandler(dependencies: GateDependencies): Gate {
  const { policy, upstreams, bodies, counters, fetchUndecoded } = dependencies;

  async function passOn(request: Request, { url, route, target, caller }: Checked): Promise<Response> {
    const { timeoutSeconds, requestHeaders, clientAddress, maxBodyBytes, stream } = policy.upstream;
    const body = await readBody(request, { bodies, maxBodyBytes, stream });
    const headers = forwardedHeaders(request, {
      url,
      requestHeaders,
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
  }

  function countOutcome({ path }: CheckedRoute, { outcome: { event, code } }: CheckedCall): void {
    counters.add(event, { code, route: path });
  }

  return {
    async handle(request, caller) {
      const url = new URL(request.url);
      const route = matchRoute(policy.routes, url.pathname, request.method);
      let fields: CheckedCall['fields'] = {};
      try {
        const upstream = upstreams.get(route.upstream);
        refuseUpgrade(request.headers);
        if (!upstream) throw new DaypassError('not_configured', { detail: `${route.upstream} is not set.` });
        const target = resolveUpstream(upstream, url);
        const call = await checkCall(dependencies, request, caller.address, route);
        fields = call.fields;
        const response = await passOn(request, { url, route, target, caller }).catch((error) => {
          if (!isRefusal(error)) countOutcome(route, call);
          throw error;
        });
        countOutcome(route, call);
        locateAtSite(response.headers, { upstream, target, site: url.origin });
        chargePrice(route, response.headers, call.charge);
        for (const [name, value] of Object.entries(fields)) response.headers.set(name, value);
        return response;
      } catch (error) {
        // Quota was consumed, so errors carry RateLimit fields too.
        throw error instanceof DaypassError ? error.at(route.path, fields) : error;
      }
    },
    counters,
    flush: dependencies.flush,
  };
}

/** What became of a call that had passed. */
const ofUpstream: ReadonlySet<ErrorCode> = new Set([
  'upstream_unreachable',
  'upstream_timeout',
  'upstream_invalid_response',
]);

/** Whether the gate refused the call. Otherwise it passed, whatever the upstream did with it, or the caller. */
export function isRefusal(error: unknown): error is DaypassError {
  return error instanceof DaypassError && !ofUpstream.has(error.code) && !(error.cause instanceof CallerLeft);
}
