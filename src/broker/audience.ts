import { DaypassError } from '../protocol/error.ts';
import { findKey, type KeyRing } from '../token/keys.ts';
import { parseToken } from '../token/verify.ts';
import type { BrokerDependencies } from './dependencies.ts';

/**
 * The key ring of an audience.
 * @throws {DaypassError} `invalid_target` (RFC 8693 §2.2.2) for one that the policy does not name
 */
export function keyRingOf(broker: BrokerDependencies, audience: string): KeyRing {
  const keyRing = broker.keyRings.get(audience);
  if (!keyRing) throw new DaypassError('invalid_target');
  return keyRing;
}

/**
 * The key ring whose key a token claims to be signed with: the token's audience follows from its key, never
 * from what it says of itself.
 * @throws {DaypassError} `token_malformed`, `token_key`
 */
export function keyRingOfToken(broker: BrokerDependencies, token: string): KeyRing {
  const parsed = parseToken(token);
  if (!parsed) throw new DaypassError('token_malformed');
  for (const keyRing of broker.keyRings.values()) if (findKey(keyRing, parsed.header.kid)) return keyRing;
  throw new DaypassError('token_key');
}

/**
 * Scopes to grant.
 * @param asked what the caller asked for; undefined means all that may be had
 * @param available the audience's scopes, or at renewal those of the token
 * @throws {DaypassError} `invalid_scope` (RFC 6749 §6: never more than was granted)
 */
export function grantScopes(
  asked: readonly string[] | undefined,
  available: readonly string[],
): readonly string[] {
  const unknown = asked?.find((scope) => !available.includes(scope));
  if (unknown !== undefined) throw new DaypassError('invalid_scope');
  return asked ?? available;
}
