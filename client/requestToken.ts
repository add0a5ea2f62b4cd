import type { TokenResponse } from '../src/protocol/messages.ts';
import { type accessTokenType, type jwtTokenType, tokenExchangeGrant } from '../src/protocol/oauth.ts';
import { askBroker } from './askBroker.ts';
import { SessionError } from './errors.ts';
import type { Settings } from './options.ts';
import type { HeldToken } from './storage.ts';

/**
 * Asks the broker for an access token (RFC 8693 §2.1).
 * @param token an Identity token to begin a session with, or the access token to renew
 * @param type says which of the two it is
 * @throws SessionError
 */
export async function requestToken(
  { brokerUrl, audience, scope }: Settings,
  token: string,
  type: typeof accessTokenType | typeof jwtTokenType,
): Promise<HeldToken> {
  // The clock is read before the request: what the way takes can only make the token seem older than it is.
  const askedAt = Date.now();
  const response: TokenResponse = await askBroker(`${brokerUrl}/token`, {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: type,
    // RFC 6749 §3.2: without a value they count as left out.
    audience,
    scope,
  });
  if (!response.access_token) throw new SessionError('This is not the broker', 200);
  return {
    ...response,
    expiresAt: askedAt + response.expires_in * 1000,
    sessionEndsAt: askedAt + response.session_expires_in * 1000,
  };
}
