import { DaypassError } from '../protocol/error.ts';
import { accessTokenType, type TokenResponse } from '../protocol/messages.ts';
import type { KeyRing } from '../token/keys.ts';
import { mintAccessToken } from '../token/mint.ts';
import type { BrokerDependencies } from './dependencies.ts';

export type IssueDependencies = Pick<
  BrokerDependencies,
  'policy' | 'issuer' | 'deployContext' | 'privateKeys' | 'now'
>;

/** What all access tokens of a session share. */
interface Session {
  keyRing: KeyRing;
  subject: string;
  scopes: readonly string[];
  /** Seconds since the epoch. */
  startedAt: number;
}

/**
 * The key ring of an audience.
 * @throws {DaypassError} `invalid_target` (RFC 8693 §2.2.2) for one that the policy does not name
 */
export function keyRingOf({ keyRings }: Pick<BrokerDependencies, 'keyRings'>, audience: string): KeyRing {
  const keyRing = keyRings.get(audience);
  if (!keyRing) throw new DaypassError('invalid_target');
  return keyRing;
}

/**
 * The scopes to grant.
 * @param requested undefined for all that are available
 * @param available the audience's scopes; at renewal, those of the token
 * @throws {DaypassError} `invalid_scope` (RFC 6749 §6: never more than was granted)
 */
export function grantScopes(
  requested: readonly string[] | undefined,
  available: readonly string[],
): readonly string[] {
  if (requested?.some((scope) => !available.includes(scope))) throw new DaypassError('invalid_scope');
  return requested ?? available;
}

/** Mints the next access token of a session, and makes the answer that carries it (RFC 8693 §2.2.1). */
export async function issueToken(broker: IssueDependencies, session: Session): Promise<TokenResponse> {
  const { ttlSeconds, sessionSeconds } = broker.policy.accessToken;
  const { keyRing, subject, scopes, startedAt } = session;
  // Another instance, whose clock is ahead, may have begun the session: `auth_time` is at most `iat`.
  const now = Math.max(broker.now(), startedAt);
  const token = await mintAccessToken({
    keyRing,
    issuer: broker.issuer,
    subject,
    scopes,
    deployContext: broker.deployContext,
    ttlSeconds,
    sessionStartedAt: startedAt,
    sessionId: await broker.privateKeys.sessionId({ subject, audience: keyRing.audience, startedAt }),
    now,
  });
  return {
    access_token: token,
    issued_token_type: accessTokenType,
    token_type: 'Bearer',
    expires_in: ttlSeconds,
    scope: scopes.join(' '),
    session_expires_in: Math.max(0, startedAt + sessionSeconds - now),
  };
}
