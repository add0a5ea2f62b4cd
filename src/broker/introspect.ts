import type { HashedBuckets } from '../limits/address.ts';
import { enforce } from '../limits/meter.ts';
import { DaypassError } from '../protocol/error.ts';
import type { IntrospectionResponse } from '../protocol/messages.ts';
import type { KeyRing } from '../token/keys.ts';
import type { BrokerDependencies, LimitDependencies } from './dependencies.ts';
import { unlessStoreIsAway } from './limits.ts';
import { type Form, required } from './request.ts';
import { requireSecret, type SecretDependencies } from './requireSecret.ts';
import { tryVerifySession, type VerifySessionDependencies } from './session.ts';

type IntrospectDependencies = VerifySessionDependencies &
  LimitDependencies<never, 'introspection'> &
  Pick<BrokerDependencies, 'revocations'>;

type AuthenticateDependencies = SecretDependencies<'introspectionRefused'> &
  LimitDependencies<never, 'introspection'> &
  Pick<BrokerDependencies, 'keyRings' | 'privateKeys'>;

/**
 * Says whether an access token is active (RFC 7662), for backends that cannot verify JWTs. A backend learns only about tokens
 * for its own audience. A token whose session this broker did not begin is not active (RFC 7662 §2.2: issued by this
 * server), although a verifier that knows only the secret would accept it.
 * @param keyRing of the backend's audience, as `authenticateBackend` found it
 * @throws {DaypassError} `missing_parameter`, `rate_limited`, `store_unavailable`
 */
export async function introspect(
  broker: IntrospectDependencies,
  keyRing: KeyRing,
  form: Form,
): Promise<IntrospectionResponse> {
  const token = await tryVerifySession(broker, required(form, 'token'), [keyRing], 0);
  const { hashIdentifier } = broker.privateKeys;
  const session = token && (await hashIdentifier(token.subject));
  const audienceKey = await hashIdentifier(keyRing.audience);
  // Both in one tick: the client merges them into one request. A full Redis no longer counts, but still answers reads.
  const [isRevoked] = await Promise.all([
    session !== undefined && broker.revocations.isRevoked(session),
    unlessStoreIsAway(broker.limiters.introspection.consume(audienceKey).then(enforce)),
  ]);
  if (!token || isRevoked) return { active: false };
  const { subject, issuer, audience, issuedAt, expiresAt, tokenId, sessionStartedAt, scopes, deployContext } =
    token;
  return {
    active: true,
    scope: scopes.join(' '),
    token_type: 'Bearer',
    iss: issuer,
    sub: subject,
    aud: audience,
    iat: issuedAt,
    exp: expiresAt,
    jti: tokenId,
    auth_time: sessionStartedAt,
    deploy_context: deployContext,
  };
}

/**
 * Finds out which backend calls, before anything else of its request is read.
 * @param authorization the field's value: HTTP Basic with the audience and its introspection secret
 * @throws {DaypassError} `invalid_client`; `rate_limited` for an address that sent too many wrong secrets, and for a
 * backend that is known to have used up its limit
 */
export async function authenticateBackend(
  broker: AuthenticateDependencies,
  authorization: string | null,
  caller: HashedBuckets,
): Promise<KeyRing> {
  const [audience, given] = readBasic(authorization);
  const expected = await broker.privateKeys.introspectionSecret(audience);
  await requireSecret(broker, 'introspectionRefused', caller, { given, expected }, invalidClient);
  const keyRing = broker.keyRings.get(audience);
  if (!keyRing) throw invalidClient();
  const known = broker.limiters.introspection.peek(await broker.privateKeys.hashIdentifier(audience));
  if (known) enforce([known]);
  return keyRing;
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined and encoded. */
function readBasic(authorization: string | null): [string, string] {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) throw invalidClient();
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    const pair = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const [audience, secret, ...more] = pair.split(':').map(decodeFormComponent);
    if (audience === undefined || secret === undefined || more.length > 0) throw invalidClient();
    return [audience, secret];
  } catch (cause) {
    throw cause instanceof DaypassError ? cause : invalidClient();
  }
}

function decodeFormComponent(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

function invalidClient(): DaypassError {
  return new DaypassError('invalid_client', {
    headers: { 'www-authenticate': 'Basic realm="daypass", charset="UTF-8"' },
  });
}
