import { accessTokenType, type TokenResponse } from '../protocol/messages.ts';
import type { KeyRing } from '../token/keys.ts';
import { mintAccessToken } from '../token/mint.ts';
import type { BrokerDependencies } from './dependencies.ts';

/** The part of a session that every access token of it shares. */
interface Session {
  keyRing: KeyRing;
  subject: string;
  scopes: readonly string[];
  /** Seconds since the epoch. */
  startedAt: number;
}

/** Mints the next access token of a session and words the answer (RFC 8693 §2.2.1). */
export async function issueToken(broker: BrokerDependencies, session: Session): Promise<TokenResponse> {
  const { ttlSeconds, sessionSeconds } = broker.policy.accessToken;
  const { keyRing, subject, startedAt } = session;
  // Another instance may have begun the session by a clock that is ahead: `auth_time` is at most `iat`.
  const now = Math.max(broker.now(), startedAt);
  const token = await mintAccessToken({
    keyRing,
    issuer: broker.issuer,
    subject,
    scopes: session.scopes,
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
    scope: session.scopes.join(' '),
    session_expires_in: Math.max(0, startedAt + sessionSeconds - now),
  };
}
