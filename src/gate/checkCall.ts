import { rateLimitFields } from '../limits/meter.ts';
import { acceptedContexts } from '../policy/define.ts';
import type { AccessTerms, CheckedRoute, Policy } from '../policy/types.ts';
import type { ErrorCode } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { DeployContext } from '../protocol/wire.ts';
import type { Counters } from '../store/counters.ts';
import { assertOneToken, readBearer } from '../token/bearer.ts';
import type { AccessToken } from '../token/claims.ts';
import type { KeyRing } from '../token/keys.ts';
import { type VerifiedTokens, verifyToken } from '../token/verify.ts';
import type { CheckedSession, CheckSession } from './checkSession.ts';

export interface AuthorizeDependencies {
  policy: Policy;
  issuer: string;
  deployContext: DeployContext;
  /** Sessions that began earlier are refused: seconds since the epoch; undefined for none. */
  sessionsNotBefore: number | undefined;
  /** Key rings by audience. */
  keyRings: ReadonlyMap<string, KeyRing>;
  /** Tokens whose signature this instance has checked. */
  verifiedTokens: VerifiedTokens;
  checkSession: CheckSession;
  /** What happens here is counted in. */
  counters: Counters;
  /** Flushes pending counts to Redis. For `waitUntil`, once the answer is made. Never throws. */
  flush(): Promise<void>;
  /** The present, seconds since the epoch. */
  now(): number;
}

/** A caller who passed. */
export interface Authorized extends CheckedSession {
  accessToken: AccessToken;
}

/**
 * Lets a call pass or refuses it: the token first, which costs nothing, then revocation and limits. The gate's routes
 * and the site's own functions share this check.
 * @param address the caller's, as the platform says
 * @throws {DaypassError} `token_…`, `session_ended`, `insufficient_scope`, `rate_limited`, `store_unavailable`
 */
export async function authorize(
  dependencies: AuthorizeDependencies,
  request: Pick<Request, 'headers'>,
  address: string | undefined,
  terms: AccessTerms,
): Promise<Authorized> {
  const { issuer, keyRings, checkSession, now } = dependencies;
  const keyRing = keyRings.get(terms.audience);
  if (!keyRing) throw new TypeError(`No audience of the policy is called ${terms.audience}.`);
  const accessToken = await verifyToken(readBearer(request), {
    keyRing,
    issuer,
    deployContexts: acceptedContexts(dependencies),
    sessionsNotBefore: dependencies.sessionsNotBefore,
    now: now(),
    verifiedTokens: dependencies.verifiedTokens,
  });
  const { scope } = terms;
  if (scope !== undefined && !accessToken.scopes.includes(scope))
    throw new DaypassError('insufficient_scope');
  return { accessToken, ...(await checkSession(accessToken.subject, address, terms)) };
}

/** A call that goes on to the upstream. */
export interface CheckedCall {
  /** The RateLimit fields for its answer: of the limits that were checked. */
  fields: Readonly<Record<string, string>>;
  charge: CheckedSession['charge'];
  /** What to count once its body is not refused either. */
  outcome: Readonly<{ event: 'passed' | 'would_refuse'; code?: ErrorCode }>;
}

/**
 * Checks what the route requires of its callers: a token, a scope, no revocation, and the limits. In mode `monitor` every
 * call passes, and the outcome says who would have been refused.
 * @param address the caller's, as the platform says
 * @throws {DaypassError} `token_repeated`; only in mode `enforce` `token_…`, `insufficient_scope`, `rate_limited`,
 * `store_unavailable`
 */
export async function checkCall(
  dependencies: AuthorizeDependencies,
  request: Pick<Request, 'headers'>,
  address: string | undefined,
  route: CheckedRoute,
): Promise<CheckedCall> {
  const { policy, checkSession } = dependencies;
  // Also in mode `monitor`, and where no token is required: the upstream gets one.
  assertOneToken(request.headers);
  try {
    const { decisions, charge } = route.verify
      ? await authorize(dependencies, request, address, route)
      : await checkSession(undefined, address, route);
    return { fields: rateLimitFields(decisions), charge, outcome: { event: 'passed' } };
  } catch (error) {
    if (policy.mode !== 'monitor' || !(error instanceof DaypassError)) throw error;
    const outcome = { event: 'would_refuse', code: error.code } as const;
    return { fields: error.headers, charge: () => undefined, outcome };
  }
}

/**
 * Refuses the opening of a WebSocket: fetch cannot forward it. Otherwise it would fail without a reason, on the token
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
