import {
  type accessTokenType,
  type jwtTokenType,
  type TokenResponse,
  tokenExchangeGrant,
} from '../src/protocol/messages.ts';
import { ifAbsent, SessionError, toSessionError } from './errors.ts';
import type { Settings } from './options.ts';
import type { HeldToken } from './storage.ts';
import { readRetryAfter, requestTimeout, wait } from './timing.ts';

/**
 * Sends the broker a POST with the form, or a GET without one.
 * @param form undefined sends a GET
 * @returns the answer's JSON; an empty object when it has none
 * @throws SessionError for anything but a 2xx
 */
export async function fetchBroker(url: string, form?: Record<string, string>) {
  const response = await fetch(url, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    signal: requestTimeout(),
  }).catch((error: unknown) => {
    throw toSessionError(error, 'network_error', url);
  });
  // The token's answer is JSON, a revocation's is empty, and where there is no broker it can be anything.
  const body = (await response.json().catch(() => undefined)) ?? {};
  if (response.ok) return body;
  // Refusals of the token endpoint follow RFC 6749, others RFC 9457.
  const reason = body.error_description ?? body.detail ?? response.statusText;
  throw new SessionError(reason, {
    code: body.code ?? ifAbsent(response.status, 'broker_not_found'),
    status: response.status,
    url,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: readRetryAfter(response.headers.get('retry-after')),
  });
}

/**
 * Requests an access token from the broker (RFC 8693 §2.1).
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
  const requestedAt = Date.now();
  const url = `${brokerUrl}/token`;
  const response: TokenResponse = await fetchBroker(url, {
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: type,
    // RFC 6749 §3.2: without a value they count as left out.
    audience,
    scope,
  });
  if (!response.access_token) {
    throw new SessionError('Not the broker', { code: 'broker_not_found', status: 200, url });
  }
  return {
    ...response,
    expiresAt: requestedAt + response.expires_in * 1000,
    sessionEndsAt: requestedAt + response.session_expires_in * 1000,
  };
}

/** How long one exchange or renewal waits in all, however often the broker sends `Retry-After`. */
const maxRetryWaitSeconds = 10;

/** `requestToken` for fixed settings, with retries. */
export type RetryingRequest = ReturnType<typeof createRetryingRequest>;

/**
 * Requests the tokens of one exchange or renewal. After a 503 with `Retry-After` (RFC 9110 §15.6.4) it waits and sends the
 * same token again: the broker has released it, and another sign-up would only add load.
 */
export function createRetryingRequest(settings: Settings) {
  let secondsLeft = maxRetryWaitSeconds;

  /**
   * @param isNeeded called before each wait: whether there is still no other valid token
   * @throws SessionError once `Retry-After` exceeds the time left, and for every other refusal
   */
  return async (
    token: string,
    type: typeof accessTokenType | typeof jwtTokenType,
    isNeeded: () => Promise<boolean>,
  ): Promise<HeldToken> => {
    for (;;) {
      try {
        return await requestToken(settings, token, type);
      } catch (error) {
        const { status, retryAfterSeconds = Infinity } = error as SessionError;
        // A date may be a fraction of a second ahead.
        const seconds = Math.max(1, retryAfterSeconds);
        if (status !== 503 || seconds > secondsLeft || !(await isNeeded())) throw error;
        secondsLeft -= seconds;
        await wait(seconds);
      }
    }
  };
}
