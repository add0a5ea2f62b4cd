import { DaypassError } from '../protocol/error.ts';

/** One request to GoTrue's REST API. */
export interface IdentityRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the instance's address. */
  path: string;
  /** Whose call it is: a user's Identity token, or the operator token. */
  token?: string;
  /** GoTrue's audience that the call is about. Default: the instance's own. */
  audience?: string | undefined;
  body?: object;
  /** Bytes of the answer's body that are read at most: GoTrue bounds none, and a user may carry 14 MB of metadata. */
  maxBytes: number;
  signal: AbortSignal;
}

/** What came back. */
export interface IdentityAnswer {
  status: number;
  headers: Headers;
  /** The parsed JSON; undefined where the body is no JSON, or too large. */
  body: unknown;
  /** Whether the body is larger than was asked for: the rest of it was not read. */
  isTooLarge: boolean;
}

/**
 * Sends one request and resolves with whatever came back, read to its end or to the bound.
 * @throws {DaypassError} `identity_unavailable`: nothing came back, or not in time
 */
export type SendToIdentity = (request: IdentityRequest) => Promise<IdentityAnswer>;

export const retryAfterSeconds = 2;

/**
 * The way to one Identity instance.
 * @param options.url the instance's address, such as `https://example.com/.netlify/identity`; never taken from a
 * request
 */
export function createTransport(options: { url: () => string; fetch?: typeof fetch }): SendToIdentity {
  const send = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
  return async ({ method, path, token, audience, body, maxBytes, signal }) => {
    const url = options.url().replace(/\/+$/, '') + path;
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (audience) headers['x-jwt-aud'] = audience;
    if (body) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers, body: body ? JSON.stringify(body) : null, signal };
    try {
      // A redirect would carry the operator token to wherever it points.
      const response = await send(url, { ...init, redirect: 'manual' });
      const text = await readText(response, maxBytes);
      const parsed = text === undefined ? undefined : parseJson(text);
      return {
        status: response.status,
        headers: response.headers,
        body: parsed,
        isTooLarge: text === undefined,
      };
    } catch (cause) {
      throw unavailable(cause);
    }
  };
}

/** Whatever Identity did that GoTrue does not do, as the one error that callers know. */
export function unavailable(cause: unknown): DaypassError {
  return new DaypassError('identity_unavailable', { retryAfterSeconds, cause });
}

/** `msg` of GoTrue's error answers; undefined in whatever else answers at its address, such as a site's 404 page. */
export function messageOf({ body }: Pick<IdentityAnswer, 'body'>): string | undefined {
  const message = (body as { msg?: unknown } | null | undefined)?.msg;
  return typeof message === 'string' ? message : undefined;
}

/** Reads a body of at most so many bytes; undefined when there are more. */
async function readText(response: Response, maxBytes: number): Promise<string | undefined> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  let length = 0;
  // What the field promises need not be received to be too much.
  let isTooLarge = Number(response.headers.get('content-length')) > maxBytes;
  while (!isTooLarge) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    isTooLarge = length > maxBytes;
    if (!isTooLarge) text += decoder.decode(value, { stream: true });
  }
  // Nobody waits for the rest: the connection is given up.
  void reader.cancel().catch(() => undefined);
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
