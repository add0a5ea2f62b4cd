import { acceptedContexts } from '../policy/acceptedContexts.ts';
import { DaypassError } from '../protocol/error.ts';
import type { AccessToken } from '../token/claims.ts';
import type { KeyRing } from '../token/keys.ts';
import { verifyToken } from '../token/verify.ts';
import type { BrokerDependencies } from './dependencies.ts';

/** A token of a session that this broker began. */
export interface SessionToken extends AccessToken {
  readonly sessionStartedAt: number;
}

/**
 * Verifies an access token and that its session was begun here. HS256 means that whoever verifies tokens can forge them;
 * `sid` is made with a key that never leaves the site, so a forged session is worth nothing at the broker.
 * @param expiredGraceSeconds how long ago the token may have expired, besides the skew
 * @throws {DaypassError} `token_…`, `session_ended` for one that began before `DAYPASS_SESSIONS_NOT_BEFORE`,
 * `session_unknown`
 */
export async function verifySession(
  broker: BrokerDependencies,
  token: string,
  keyRing: KeyRing,
  expiredGraceSeconds: number,
): Promise<SessionToken> {
  const verified = await verifyToken(token, {
    keyRing,
    issuer: broker.issuer,
    deployContexts: acceptedContexts(broker),
    sessionsNotBefore: broker.sessionsNotBefore,
    now: broker.now(),
    expiredGraceSeconds,
  });
  const { subject, audience, sessionStartedAt, claims } = verified;
  if (sessionStartedAt === undefined || typeof claims.sid !== 'string')
    throw new DaypassError('session_unknown');
  const { sessionId, hashIdentifier } = broker.privateKeys;
  const expected = await sessionId({ subject, audience, startedAt: sessionStartedAt });
  // Comparing hashes: how long it takes says nothing of the right one.
  if ((await hashIdentifier(claims.sid)) !== (await hashIdentifier(expected)))
    throw new DaypassError('session_unknown');
  return { ...verified, sessionStartedAt };
}

/** The same where a refused token is an answer, not an error: undefined then. */
export async function tryVerifySession(
  broker: BrokerDependencies,
  token: string,
  keyRing: () => KeyRing,
  expiredGraceSeconds: number,
): Promise<SessionToken | undefined> {
  try {
    return await verifySession(broker, token, keyRing(), expiredGraceSeconds);
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}
