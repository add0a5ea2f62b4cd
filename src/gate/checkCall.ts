import { rateLimitFields } from '../limits/decision.ts';
import type { CheckedRoute } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import { assertOneToken } from '../token/bearer.ts';
import type { Admitted } from './admit.ts';
import { type AuthorizeDependencies, authorize } from './authorize.ts';

/** A call that goes on to the upstream. */
export interface CheckedCall {
  /** The RateLimit fields for its answer, of as many limits as were asked. */
  fields: Readonly<Record<string, string>>;
  charge: Admitted['charge'];
}

/**
 * What the route asks of its callers: a token, a scope, no revocation, and the limits. In mode `monitor` everybody
 * passes, and who would have been refused is counted.
 * @param address the caller's, as the platform says
 * @throws {DaypassError} `token_repeated`; in mode `enforce` alone `token_…`, `insufficient_scope`, `rate_limited`,
 * `store_unavailable`
 */
export async function checkCall(
  dependencies: AuthorizeDependencies,
  headers: Headers,
  address: string | undefined,
  route: CheckedRoute,
): Promise<CheckedCall> {
  const { policy, admit, counters } = dependencies;
  // Also in mode `monitor`, and where no token is asked: the upstream gets one.
  assertOneToken(headers);
  try {
    const { decisions, charge } = route.verify
      ? await authorize(dependencies, headers, address, route)
      : await admit(undefined, address, route);
    counters.add('passed', { route: route.path });
    return { fields: rateLimitFields(decisions), charge };
  } catch (error) {
    if (policy.mode !== 'monitor' || !(error instanceof DaypassError)) throw error;
    counters.add('would_refuse', { code: error.code, route: route.path });
    return { fields: error.headers, charge: () => undefined };
  }
}

/**
 * Refuses what opens a WebSocket: fetch has no way to pass it on. Left alone it would fail without a reason, on the token
 * that a page cannot send with it. Another upgrade is an offer that a server may leave (RFC 9110 §7.8), and is left.
 * @throws {DaypassError} `upgrade_not_supported`, which says what to do instead
 */
export function refuseUpgrade(headers: Headers): void {
  const protocols = (headers.get('upgrade') ?? '').split(',').map((name) => name.trim().toLowerCase());
  // RFC 6455 §4.1. A proxy that strips hop-by-hop fields leaves the key.
  if (protocols.includes('websocket') || headers.has('sec-websocket-key')) {
    throw new DaypassError('upgrade_not_supported');
  }
}
