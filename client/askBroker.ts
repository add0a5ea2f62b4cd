import { readRetryAfter } from './backoff.ts';
import { ifAbsent, SessionError, toSessionError } from './errors.ts';
import { requestTimeout } from './patience.ts';

/**
 * Posts a form to the broker, or asks for what is there.
 * @param form undefined asks with GET
 * @returns the answer's JSON; an empty object when it has none
 * @throws SessionError for anything but a 2xx
 */
export async function askBroker(url: string, form?: Record<string, string>) {
  const response = await fetch(url, {
    ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    signal: requestTimeout(),
  }).catch((error: unknown) => {
    throw toSessionError(error, 'network_error', url);
  });
  // The token's answer is JSON, a revocation's is empty, and that of a broker that is not there is anything.
  const body = (await response.json().catch(() => undefined)) ?? {};
  if (response.ok) return body;
  // Refusals of the token's address follow RFC 6749, others RFC 9457.
  const reason = body.error_description ?? body.detail ?? response.statusText;
  throw new SessionError(reason, {
    code: body.code ?? ifAbsent(response.status, 'broker_not_found'),
    status: response.status,
    url,
    requestId: response.headers.get('x-request-id') ?? undefined,
    retryAfterSeconds: readRetryAfter(response.headers.get('retry-after')),
  });
}
