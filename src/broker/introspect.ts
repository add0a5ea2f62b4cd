import { DaypassError } from '../protocol/error.ts';
import type { IntrospectionResponse } from '../protocol/messages.ts';
import type { KeyRing } from '../token/keyRing.ts';
import type { BrokerDependencies } from './dependencies.ts';
import type { Form } from './form.ts';
import { tryVerifySession } from './verifySession.ts';

/**
 * Says whether an access token holds (RFC 7662), for backends that cannot verify JWTs. A backend learns of tokens
 * for its own audience alone. A token whose session was not begun here is not active (RFC 7662 §2.2: issued by this
 * server), although a verifier that knows only the secret would take it.
 * @param authorization the field's value: HTTP Basic with the audience and its introspection secret
 * @throws {DaypassError} `invalid_client`, `missing_parameter`, `store_unavailable`
 */
export async function introspect(
  broker: BrokerDependencies,
  authorization: string | null,
  form: Form,
): Promise<IntrospectionResponse> {
  const keyRing = await authenticateBackend(broker, authorization);
  const written = form.get('token');
  if (written === undefined) throw new DaypassError('missing_parameter', { detail: 'token is missing.' });
  const token = await tryVerifySession(broker, written, () => keyRing, 0);
  if (!token) return { active: false };
  if (await broker.revocations.isRevoked(await broker.privateKeys.hashIdentifier(token.subject)))
    return { active: false };
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

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined and encoded. */
async function authenticateBackend(
  broker: BrokerDependencies,
  authorization: string | null,
): Promise<KeyRing> {
  const [audience, secret] = readBasic(authorization);
  const keyRing = broker.keyRings.get(audience);
  const expected = await broker.privateKeys.introspectionSecret(audience);
  // Comparing hashes: how long it takes says nothing of the secret.
  const { hashIdentifier } = broker.privateKeys;
  const matches = (await hashIdentifier(secret)) === (await hashIdentifier(expected));
  if (!keyRing || !matches) throw invalidClient();
  return keyRing;
}

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
