import { DaypassError } from '../protocol/error.ts';

/** One request to GoTrue's REST API. */
export interface IdentityRequest {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Relative to the instance's URL. */
  path: string;
  /** A user's Identity token, or the operator token. */
  token?: string;
  /** GoTrue's audience of the call. Default: the instance's own. */
  audience?: string | undefined;
  body?: object;
  /** Maximum size of the answer's body: GoTrue has no limit, and a user may carry 14 MB of metadata. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface IdentityAnswer {
  status: number;
  headers: Headers;
  /** The parsed JSON; undefined if the body is not JSON, or too large. */
  body: unknown;
  /** Whether the body is larger than `maxBytes`; the rest was not read. */
  isTooLarge: boolean;
}

/**
 * Sends one request and resolves with the answer, whatever its status.
 * @throws {DaypassError} `identity_unavailable`: no answer, or not in time
 */
export type SendToIdentity = (request: IdentityRequest) => Promise<IdentityAnswer>;

export const retryAfterSeconds = 2;

/** @param options see `ClientOptions` */
export function createTransport(options: { url: string; fetch?: typeof fetch }): SendToIdentity {
  const root = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));
  return async ({ method, path, token, audience, body, maxBytes, signal }) => {
    const headers: Record<string, string> = { accept: 'application/json' };
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (audience) headers['x-jwt-aud'] = audience;
    if (body) headers['content-type'] = 'application/json';
    const init: RequestInit = { method, headers, body: body ? JSON.stringify(body) : null, signal };
    try {
      // A redirect would send the operator token to another host.
      const response = await send(root + path, { ...init, redirect: 'manual' });
      const bytes = await readAtMost(response, maxBytes);
      return {
        status: response.status,
        headers: response.headers,
        body: bytes && parseJson(new TextDecoder().decode(bytes)),
        isTooLarge: bytes === undefined,
      };
    } catch (cause) {
      throw unavailable(cause);
    }
  };
}

/** The error for every answer that GoTrue does not give, and for no answer. */
export function unavailable(cause: unknown): DaypassError {
  return new DaypassError('identity_unavailable', { retryAfterSeconds, cause });
}

/** `msg` of GoTrue's error answers; undefined in other answers at its URL, such as a site's own 404 page. */
export function messageOf({ body }: Pick<IdentityAnswer, 'body'>): string | undefined {
  const message = (body as { msg?: unknown } | null | undefined)?.msg;
  return typeof message === 'string' ? message : undefined;
}

/** Reads a body; undefined if it is larger than `maxBytes`. */
export async function readAtMost(
  { headers, body }: Request | Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = body?.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Content-Length decides before anything is received.
  let isTooLarge = Number(headers.get('content-length')) > maxBytes;
  while (reader && !isTooLarge) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value as Uint8Array<ArrayBuffer>);
    length += value.length;
    isTooLarge = length > maxBytes;
  }
  if (!isTooLarge) return concatenate(chunks, length);
  // Not awaited: the connection is dropped.
  void reader?.cancel().catch(() => undefined);
  return undefined;
}

function concatenate(chunks: readonly Uint8Array<ArrayBuffer>[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
