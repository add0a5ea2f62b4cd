import { DaypassError } from '../protocol/error.ts';
import type { TokenResponse } from '../protocol/messages.ts';
import { grantScopes, keyRingOf, keyRingOfToken } from './audience.ts';
import type { BrokerDependencies } from './dependencies.ts';
import { issueToken } from './issue.ts';
import { checkRenewal } from './limits.ts';
import type { TokenRequest } from './tokenRequest.ts';
import { verifySession } from './verifySession.ts';

/**
 * Turns an access token into the next one of its session. Whoever holds a token can renew it until the session
 * ends. Scopes that the policy no longer has leave the token.
 * @throws {DaypassError} `token_…`, `session_unknown`, `session_ended`, `token_revoked`, `invalid_target`,
 * `invalid_scope`, `rate_limited`, `store_unavailable`
 */
export async function renew(broker: BrokerDependencies, asked: TokenRequest): Promise<TokenResponse> {
  const { renewalGraceSeconds, sessionSeconds } = broker.policy.accessToken;
  const keyRing = keyRingOfToken(broker, asked.token);
  const token = await verifySession(broker, asked.token, keyRing, renewalGraceSeconds);
  const startedAt = token.sessionStartedAt;
  if (broker.now() - startedAt >= sessionSeconds) throw new DaypassError('session_ended');
  if (asked.audience !== undefined && keyRingOf(broker, asked.audience) !== keyRing) {
    throw new DaypassError('invalid_target');
  }
  const known = broker.policy.audiences[keyRing.audience]?.scopes ?? [];
  const kept = token.scopes.filter((scope) => known.includes(scope));
  const scopes = grantScopes(asked.scopes, kept);
  await checkRenewal(broker, token.subject);
  return issueToken(broker, { keyRing, subject: token.subject, scopes, startedAt });
}
