import { requestToken } from '../../client/broker.ts';
import { checkOptions } from '../../client/options.ts';
import { signUp } from '../../client/signUp.ts';
import type { HeldToken } from '../../client/storage.ts';
import { accessTokenType, jwtTokenType } from '../../src/protocol/messages.ts';

/**
 * What the client does for a visitor: sign up, log in, exchange; no second try.
 * @param site where the broker answers: an origin
 * @param proof that admits the user, where the site asks for one
 * @throws SessionError
 */
export async function beginSession(site: string, identityUrl: string, proof?: string): Promise<HeldToken> {
  return exchange(site, await logIn(identityUrl, proof));
}

/**
 * The first half: sign up and log in.
 * @returns the Identity token
 * @throws SessionError
 */
export function logIn(identityUrl: string, proof?: string): Promise<string> {
  // In capitals gotrue-js does not warn of it.
  return signUp(settingsOf(identityUrl.replace(/^http:/, 'HTTP:')), proof);
}

/**
 * The second half.
 * @throws SessionError
 */
export function exchange(site: string, identityToken: string): Promise<HeldToken> {
  return requestToken(settingsOf(site), identityToken, jwtTokenType);
}

/** What a refusal of the broker is about, as `outcomeOf` words it; 200 when it was none. */
export function outcomeOfSession(session: Promise<HeldToken>): Promise<string> {
  return session.then(
    () => '200',
    (error: { status?: number; code?: string }) => `${error.status} ${error.code}`,
  );
}

/**
 * Renews as the client does.
 * @throws SessionError
 */
export function renewSession(site: string, accessToken: string): Promise<HeldToken> {
  return requestToken(settingsOf(site), accessToken, accessTokenType);
}

function settingsOf(site: string) {
  return checkOptions({ brokerUrl: `${site}/session`, identityUrl: site });
}
