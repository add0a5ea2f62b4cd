import { enforce } from '../limits/decision.ts';
import { DaypassError } from '../protocol/error.ts';
import type { IntrospectionResponse } from '../protocol/messages.ts';
import type { KeyRing } from '../token/keys.ts';
import type { BrokerDependencies, Caller } from './dependencies.ts';
import type { Form } from './form.ts';
import { requireSecret, unlessStoreIsAway } from './limits.ts';
import { tryVerifySession } from './verifySession.ts';

/**
 * Says whether an access token holds (RFC 7662), for backends that cannot verify JWTs. A backend learns of tokens
 * for its own audience alone. A token whose session was not begun here is not active (RFC 7662 §2.2: issued by this
 * server), although a verifier that knows only the secret would take it.
 * @param keyRing of the backend's audience, as `authenticateBackend` found it
 * @throws {DaypassError} `missing_parameter`, `rate_limited`, `store_unavailable`
 */
export async function introspect(
  broker: BrokerDependencies,
  keyRing: KeyRing,
  form: Form,
): Promise<IntrospectionResponse> {
  const written = form.get('token');
  if (written === undefined) throw new DaypassError('missing_parameter', { detail: 'token is missing.' });
  const token = await tryVerifySession(broker, written, () => keyRing, 0);
  const { hashIdentifier } = broker.privateKeys;
  const session = token && (await hashIdentifier(token.subject));
  const audienceKey = await hashIdentifier(keyRing.audience);
  // Both in one tick: the client merges them into one request. A Redis that is full counts no more, but tells.
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
 * Finds out which backend asks, before anything else of its request is read.
 * @param authorization the field's value: HTTP Basic with the audience and its introspection secret
 * @throws {DaypassError} `invalid_client`; `rate_limited` for an address that sent too many wrong secrets, and for a
 * backend that is known to have used up its limit
 */
export async function authenticateBackend(
  broker: BrokerDependencies,
  authorization: string | null,
  caller: Caller,
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
