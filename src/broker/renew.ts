import { acceptedContexts } from '../policy/acceptedContexts.ts';
import { DaypassError } from '../protocol/error.ts';
import type { TokenResponse } from '../protocol/messages.ts';
import { verifyToken } from '../token/verify.ts';
import { grantScopes, keyRingOf, keyRingOfToken } from './audience.ts';
import type { BrokerDependencies } from './dependencies.ts';
import { issueToken } from './issue.ts';
import { checkRenewal } from './limits.ts';
import type { TokenRequest } from './tokenRequest.ts';

/**
 * Turns an access token into the next one of its session. Whoever holds a token can renew it until the session
 * ends.
 * @throws {DaypassError} `token_…`, `session_ended`, `token_revoked`, `invalid_target`, `invalid_scope`,
 * `rate_limited`, `store_unavailable`
 */
export async function renew(broker: BrokerDependencies, asked: TokenRequest): Promise<TokenResponse> {
  const { renewalGraceSeconds, sessionSeconds } = broker.policy.accessToken;
  const keyRing = keyRingOfToken(broker, asked.token);
  const now = broker.now();
  const token = await verifyToken(asked.token, {
    keyRing,
    issuer: broker.issuer,
    deployContexts: acceptedContexts(broker),
    now,
    expiredGraceSeconds: renewalGraceSeconds,
  });
  const startedAt = token.sessionStartedAt;
  if (startedAt === undefined || now - startedAt >= sessionSeconds) throw new DaypassError('session_ended');
  if (asked.audience !== undefined && keyRingOf(broker, asked.audience) !== keyRing) {
    throw new DaypassError('invalid_target');
  }
  const scopes = grantScopes(asked.scopes, token.scopes);
  await checkRenewal(broker, token.subject);
  return issueToken(broker, { keyRing, subject: token.subject, scopes, startedAt });
}
