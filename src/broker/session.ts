import { enforce } from '../limits/meter.ts';
import { acceptedContexts } from '../policy/define.ts';
import { DaypassError } from '../protocol/error.ts';
import { accessTokenType, type TokenResponse } from '../protocol/messages.ts';
import type { AccessToken } from '../token/claims.ts';
import type { KeyRing } from '../token/keys.ts';
import { mintAccessToken } from '../token/mint.ts';
import { verifyAmong } from '../token/verify.ts';
import type { BrokerDependencies, LimitDependencies } from './dependencies.ts';
import { type Form, type RenewalRequest, required } from './request.ts';

export type VerifySessionDependencies = Pick<
  BrokerDependencies,
  'policy' | 'issuer' | 'deployContext' | 'sessionsNotBefore' | 'privateKeys' | 'now'
>;

export type RevokeDependencies = VerifySessionDependencies &
  Pick<BrokerDependencies, 'keyRings' | 'revocations'>;

export type RenewDependencies = RevokeDependencies & IssueDependencies & LimitDependencies<never, 'renewal'>;

/** An access token of a session that this broker began. */
export interface SessionToken extends AccessToken {
  readonly sessionStartedAt: number;
}

/** Clock skew on both sides, and a second for rounding. */
const marginSeconds = 61;

/**
 * Verifies an access token, and that this broker began its session. HS256 means that every verifier can forge tokens;
 * `sid` is made with a key that never leaves the site, so a forged session is worth nothing at the broker.
 * @param keyRings of the audiences whose tokens are accepted; the key that signed the token says which audience it is for
 * @param expiredGraceSeconds how long ago the token may have expired, beyond the clock skew
 * @throws {DaypassError} `token_…`; `session_ended` if it began before `DAYPASS_SESSIONS_NOT_BEFORE`; `session_unknown`
 */
export async function verifySession(
  broker: VerifySessionDependencies,
  token: string,
  keyRings: Iterable<KeyRing>,
  expiredGraceSeconds: number,
): Promise<SessionToken> {
  const { issuer, privateKeys } = broker;
  const deployContexts = acceptedContexts(broker);
  const sites = [...keyRings].map((keyRing) => ({ keyRing, issuer, deployContexts }));
  const verified = await verifyAmong(sites, token, {
    sessionsNotBefore: broker.sessionsNotBefore,
    now: broker.now(),
    expiredGraceSeconds,
  });
  const { subject, audience, sessionStartedAt, claims } = verified;
  if (sessionStartedAt === undefined || typeof claims.sid !== 'string')
    throw new DaypassError('session_unknown');
  const expected = await privateKeys.sessionId({ subject, audience, startedAt: sessionStartedAt });
  // Hashes are compared, so the time it takes reveals nothing about the right `sid`.
  if ((await privateKeys.hashIdentifier(claims.sid)) !== (await privateKeys.hashIdentifier(expected)))
    throw new DaypassError('session_unknown');
  return { ...verified, sessionStartedAt };
}

/** `verifySession` for endpoints that answer a refused token without an error: undefined then. */
export async function tryVerifySession(
  ...call: Parameters<typeof verifySession>
): Promise<SessionToken | undefined> {
  try {
    return await verifySession(...call);
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}

/**
 * Turns an access token into the next one of its session. Anyone who holds a token can renew it until the session
 * ends. Scopes that the policy no longer has leave the token.
 * @throws {DaypassError} `token_…`, `session_unknown`, `session_ended`, `token_revoked`, `invalid_target`,
 * `invalid_scope`, `rate_limited`, `store_unavailable`
 */
export async function renew(broker: RenewDependencies, request: RenewalRequest): Promise<TokenResponse> {
  const { renewalGraceSeconds, sessionSeconds } = broker.policy.accessToken;
  const { keyRings } = broker;
  const token = await verifySession(broker, request.accessToken, keyRings.values(), renewalGraceSeconds);
  const { subject, audience, sessionStartedAt: startedAt } = token;
  if (broker.now() - startedAt >= sessionSeconds) throw new DaypassError('session_ended');
  if (request.audience !== undefined && request.audience !== audience)
    throw new DaypassError('invalid_target');
  const known = broker.policy.audiences[audience]?.scopes ?? [];
  const kept = token.scopes.filter((scope) => known.includes(scope));
  const scopes = grantScopes(request.scopes, kept);
  await checkRenewal(broker, subject);
  return issueToken(broker, { keyRing: keyRingOf(broker, audience), subject, scopes, startedAt });
}

/**
 * Counts a renewal and checks that the session was not revoked, in one Redis round trip. A refusal that this instance
 * knows already costs none.
 */
async function checkRenewal(broker: RenewDependencies, subject: string): Promise<void> {
  const session = await broker.privateKeys.hashIdentifier(subject);
  if (broker.revocations.isKnown(session)) throw new DaypassError('token_revoked');
  const known = broker.limiters.renewal.peek(session);
  if (known) enforce([known]);
  const [isRevoked, decisions] = await Promise.all([
    broker.revocations.isRevoked(session),
    broker.limiters.renewal.consume(session),
  ]);
  if (isRevoked) throw new DaypassError('token_revoked');
  enforce(decisions);
}

/**
 * Ends a session (RFC 7009): gate and broker refuse it from the next request on, offline verifiers once the
 * token at hand has expired. A token that is refused needs no revoking and is no error (RFC 7009 §2.2).
 * @throws {DaypassError} `missing_parameter`, `store_unavailable`
 */
export async function revoke(broker: RevokeDependencies, form: Form): Promise<void> {
  const written = required(form, 'token');
  const { ttlSeconds, renewalGraceSeconds, sessionSeconds } = broker.policy.accessToken;
  const graceSeconds = sessionSeconds + renewalGraceSeconds;
  const token = await tryVerifySession(broker, written, broker.keyRings.values(), graceSeconds);
  if (!token) return;
  // The last token of the session may be minted just before the session ends, and is accepted until it expires.
  const endsAt = token.sessionStartedAt + sessionSeconds + ttlSeconds;
  const lastUse = Math.max(endsAt, token.expiresAt) + renewalGraceSeconds + marginSeconds;
  const remaining = lastUse - broker.now();
  if (remaining > 0)
    await broker.revocations.revoke(await broker.privateKeys.hashIdentifier(token.subject), remaining);
}

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
