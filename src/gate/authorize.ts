import { acceptedContexts } from '../policy/define.ts';
import type { Policy } from '../policy/types.ts';
import type { DeployContext } from '../protocol/deployContext.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Counters } from '../store/counters.ts';
import { readBearer } from '../token/bearer.ts';
import type { AccessToken } from '../token/claims.ts';
import type { KeyRing } from '../token/keys.ts';
import { type VerifiedTokens, verifyToken } from '../token/verify.ts';
import type { Admit, Admitted, CallTerms } from './admit.ts';

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
  admit: Admit;
  /** What happens here is counted in. */
  counters: Counters;
  /** Tells Redis what waits to be told. For `waitUntil`, once the answer is made. Never throws. */
  settle(): Promise<void>;
  /** The present, seconds since the epoch. */
  now(): number;
}

/** What a protected address asks of its callers. */
export interface Requirement extends CallTerms {
  /** An audience of the policy. */
  audience: string;
  scope: string | undefined;
}

/** A caller who passed. */
export interface Authorized extends Admitted {
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
  headers: Headers,
  address: string | undefined,
  requirement: Requirement,
): Promise<Authorized> {
  const { issuer, keyRings, admit, now } = dependencies;
  const keyRing = keyRings.get(requirement.audience);
  if (!keyRing) throw new TypeError(`No audience of the policy is called ${requirement.audience}.`);
  const accessToken = await verifyToken(readBearer(headers), {
    keyRing,
    issuer,
    deployContexts: acceptedContexts(dependencies),
    sessionsNotBefore: dependencies.sessionsNotBefore,
    now: now(),
    verifiedTokens: dependencies.verifiedTokens,
  });
  const { scope } = requirement;
  if (scope !== undefined && !accessToken.scopes.includes(scope))
    throw new DaypassError('insufficient_scope');
  return { accessToken, ...(await admit(accessToken.subject, address, requirement)) };
}
