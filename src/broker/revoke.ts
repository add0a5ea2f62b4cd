import { DaypassError } from '../protocol/error.ts';
import { keyRingOfToken } from './audience.ts';
import type { BrokerDependencies } from './dependencies.ts';
import type { Form } from './form.ts';
import { tryVerifySession } from './verifySession.ts';

/** Both ends of the skew, and a second for rounding. */
const marginSeconds = 61;

/**
 * Ends a session (RFC 7009): gate and broker refuse it from the next request on, offline verifiers once the
 * token at hand has expired. A token that is refused needs no revoking and is no error (RFC 7009 §2.2).
 * @throws {DaypassError} `missing_parameter`, `store_unavailable`
 */
export async function revoke(broker: BrokerDependencies, form: Form): Promise<void> {
  const written = form.get('token');
  if (written === undefined) throw new DaypassError('missing_parameter', { detail: 'token is missing.' });
  const { ttlSeconds, renewalGraceSeconds, sessionSeconds } = broker.policy.accessToken;
  const graceSeconds = sessionSeconds + renewalGraceSeconds;
  const token = await tryVerifySession(broker, written, () => keyRingOfToken(broker, written), graceSeconds);
  if (!token) return;
  // The last token of the session may be minted just before the session ends, and is accepted to its own end.
  const endsAt = token.sessionStartedAt + sessionSeconds + ttlSeconds;
  const lastUse = Math.max(endsAt, token.expiresAt) + renewalGraceSeconds + marginSeconds;
  const remaining = lastUse - broker.now();
  if (remaining > 0)
    await broker.revocations.revoke(await broker.privateKeys.hashIdentifier(token.subject), remaining);
}
