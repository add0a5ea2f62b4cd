import {
  createFakeSession as createFake,
  type FakeSession,
  type FakeSessionOptions,
} from '../../client/fakeSession.ts';
import { assertTesting } from '../netlify/assertTesting.ts';
import type { AccessToken } from '../token/claims.ts';
import type { VerifierOptions } from '../token/createVerifier.ts';
import { makeTestAccessToken, mintTestToken, type TokenOptions } from '../token/mintTestToken.ts';

export { SessionError, type SessionErrorCode } from '../../client/errors.ts';
export type {
  FakeFailure,
  FakeSession,
  FakeSessionCall,
  FakeSessionOptions,
} from '../../client/fakeSession.ts';
export { ConfigurationError, DaypassError } from '../protocol/error.ts';
export type { AccessToken } from '../token/claims.ts';
export type { SiteOptions, VerifierOptions } from '../token/createVerifier.ts';
export type { TokenOptions } from '../token/mintTestToken.ts';

// This module can sign tokens. It refuses production as soon as it is loaded, and at each call, since Netlify reveals the
// deploy context only within a request.
assertTesting('daypass/testing');

/**
 * Mints an access token as the site would, for tests of a backend. The verifier need not accept it:
 * `mintToken(options, { audience: 'other' })` is for a test that one is refused.
 * @param verifier what `createVerifier` or `requireAccessToken` of the code under test is given
 * @param token what it says; what is left out is as the site would say it
 * @throws {ConfigurationError} a TypeError: an option of either is malformed or unknown, or this could be production
 * @example
 * const options = { secret: process.env.DAYPASS_SECRET, issuer: 'https://your-site.example' };
 * const expired = await mintToken(options, { ageSeconds: 600 });
 */
export async function mintToken(verifier: VerifierOptions, token?: TokenOptions): Promise<string> {
  assertTesting('mintToken');
  return mintTestToken(verifier, token);
}

/**
 * What a verifier says of such a token: what handlers find in `req.daypass`, `c.var.accessToken` or `context.accessToken`.
 * @param verifier as for `mintToken`
 * @param token as for `mintToken`
 * @throws {DaypassError} these settings refuse such a token
 * @throws {ConfigurationError} a TypeError: as for `mintToken`
 * @example
 * const accessToken = await makeAccessToken(options, { scopes: ['write'] });
 */
export async function makeAccessToken(verifier: VerifierOptions, token?: TokenOptions): Promise<AccessToken> {
  assertTesting('makeAccessToken');
  return makeTestAccessToken(verifier, token);
}

/**
 * The header field of a request with such a token.
 * @param verifier as for `mintToken`
 * @param token as for `mintToken`
 * @throws {ConfigurationError} a TypeError: as for `mintToken`
 * @example
 * const response = await app.request('/api/hello', { headers: await bearerHeaders(options) });
 */
export async function bearerHeaders(
  verifier: VerifierOptions,
  token?: TokenOptions,
): Promise<{ authorization: string }> {
  assertTesting('bearerHeaders');
  return { authorization: `Bearer ${await mintTestToken(verifier, token)}` };
}

/**
 * Makes a session for tests of a page, with the interface of `createSession`: no Identity, no broker, no storage. It records
 * its calls, fails with any code on request, and emits events. Its tokens are texts such as `fake-token-1`; `attach` covers
 * `fetch`, and no XMLHttpRequest.
 * @throws {ConfigurationError} a TypeError: an option is malformed or unknown, or this could be production
 * @example
 * const session = createFakeSession({ fetch: () => Response.json({ message: 'Hello' }) });
 * await greet(session);
 * expect(session.requests[0]?.url).toBe('https://page.example/api/hello');
 * session.failWith('rate_limited', { retryAfterSeconds: 30 });
 */
export function createFakeSession(options?: FakeSessionOptions): FakeSession {
  assertTesting('createFakeSession');
  return createFake(options);
}
