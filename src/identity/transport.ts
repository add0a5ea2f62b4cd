import { DaypassError } from '../protocol/error.ts';

/** One request to GoTrue's REST API. */
export interface IdentityRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the instance's address. */
  path: string;
  /** Whose call it is: a user's Identity token, or the operator token. */
  token?: string;
  /** GoTrue's audience that the call is about. Default: its own, which is empty. */
  audience?: string;
  body?: object;
  signal: AbortSignal;
}

/**
 * Sends one request and resolves with whatever came back.
 * @throws {DaypassError} `identity_unavailable`: nothing came back, or not in time
 */
export type SendToIdentity = (request: IdentityRequest) => Promise<Response>;

export const retryAfterSeconds = 2;

/**
 * The way to one Identity instance.
 * @param options.url the instance's address, such as `https://example.com/.netlify/identity`; never taken from a
 * request
 */
export function createTransport(options: { url: () => string; fetch?: typeof fetch }): SendToIdentity {
  const send = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
  return async ({ method, path, token, audience, body, signal }) => {
    const url = options.url().replace(/\/+$/, '') + path;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (audience) headers['x-jwt-aud'] = audience;
    if (body) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers, body: body ? JSON.stringify(body) : null, signal };
    try {
      // A redirect would carry the operator token to wherever it points.
      return await send(url, { ...init, redirect: 'manual' });
    } catch (cause) {
      throw unavailable(cause);
    }
  };
}

/** Whatever Identity did that GoTrue does not do, as the one error that callers know. */
export function unavailable(cause: unknown): DaypassError {
  return new DaypassError('identity_unavailable', { retryAfterSeconds, cause });
}
