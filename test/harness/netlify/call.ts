import { randomUUID } from 'node:crypto';
import { isProxied } from '../../../dev/listen.ts';

/** One request on its way through the emulator: what the caller sent, less what only the platform may say. */
export interface Call {
  /** Unguessable. An edge function's `context.next()` shows it when it comes back through the site's address. */
  readonly id: string;
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  /** Whole, as Netlify's emulator buffers bodies anyway. Undefined when the request has none. */
  readonly body: Uint8Array<ArrayBuffer> | undefined;
  /** The caller's address in plain form: an IPv4 one without `::ffff:`. */
  readonly address: string;
  /** Whether it came by way of a proxy, such as a tunnel. */
  readonly isProxied: boolean;
  readonly signal: AbortSignal;
}

/** Prefixes by which Netlify's proxy speaks to the bootstraps; a caller could pose as the proxy with them. */
const platformPrefixes = ['x-nf-', 'x-deno-', 'x-bb-'];

/** Set by the platform alone: the address, the host that was asked for, and which event a call is. */
const platformHeaders = ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-netlify-event'];

/** Of one hop only (RFC 9110 §7.6.1), or recomputed for the buffered body; fetch refuses several of them. */
const hopHeaders = [
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Reads a request, strips what a caller must not say, and keeps the address apart from its headers. */
export async function prepareCall(request: Request, address: string): Promise<Call> {
  const headers = new Headers(request.headers);
  for (const name of [...headers.keys()]) {
    if (platformPrefixes.some((prefix) => name.startsWith(prefix))) headers.delete(name);
  }
  for (const name of [...platformHeaders, ...hopHeaders]) headers.delete(name);
  return {
    id: randomUUID(),
    url: new URL(request.url),
    method: request.method,
    headers,
    body: request.body ? new Uint8Array(await request.arrayBuffer()) : undefined,
    address: address.replace(/^::ffff:(?=\d+\.)/i, ''),
    isProxied: isProxied(request.headers),
    signal: request.signal,
  };
}

/**
 * The call as a request for whoever serves what is neither an edge function nor a function. `X-Forwarded-For` says that it came
 * by way of a proxy, with the address that we know.
 */
export function requestOf(call: Call): Request {
  const headers = new Headers(call.headers);
  if (call.isProxied) headers.set('x-forwarded-for', call.address);
  return new Request(call.url, {
    method: call.method,
    headers,
    body: call.body ?? null,
    signal: call.signal,
  });
}

/** An answer without the platform's own fields and those of the hop to the emulator. */
export function cleanResponse(response: Response): Response {
  const headers = new Headers(response.headers);
  for (const name of [...headers.keys()]) {
    if (platformPrefixes.some((prefix) => name.startsWith(prefix))) headers.delete(name);
  }
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) headers.delete(name);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

/** Runs at most `limit` tasks at a time; the others wait in the order in which they came. */
export function limitConcurrency(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = limit;
  return async (task) => {
    if (free > 0) free -= 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
