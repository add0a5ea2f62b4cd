import { DaypassError } from '../protocol/error.ts';
import { readBody } from './readBody.ts';
import { requestHeaders } from './requestHeaders.ts';
import { responseHeaders } from './responseHeaders.ts';

const retryAfterSeconds = 5;

export interface ForwardOptions {
  /** Where to; made by `resolveUpstream`. */
  target: URL;
  /** How long the upstream may take to send its headers. */
  timeoutSeconds: number;
  /** Request fields to pass on besides the usual ones, in lower case. */
  extraHeaders: readonly string[];
}

/**
 * Sends a request on, once, and streams the answer back. Redirects are the caller's to follow.
 * @throws {DaypassError} `upstream_timeout`; `upstream_unreachable`; `malformed_request` when the caller broke off
 */
export async function forward(request: Request, options: ForwardOptions): Promise<Response> {
  const body = await readBody(request).catch((cause) => {
    throw brokenOff(cause);
  });
  const headers = requestHeaders(request.headers, options.extraHeaders);
  // Deno sends an empty Blob chunked. A server that reads no chunks must not take what is left for the next request.
  if (body instanceof Blob && body.size === 0) headers.set('connection', 'close');
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeoutSeconds * 1000);
  try {
    const response = await fetch(options.target, {
      method: request.method,
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.any([deadline.signal, request.signal]),
      // The Fetch standard asks for this where a body is a stream.
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    });
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers: responseHeaders(response.headers) });
  } catch (cause) {
    if (request.signal.aborted) throw brokenOff(cause);
    if (deadline.signal.aborted) throw new DaypassError('upstream_timeout', { retryAfterSeconds, cause });
    throw new DaypassError('upstream_unreachable', { retryAfterSeconds, cause });
  } finally {
    // The body may stream for as long as it likes.
    clearTimeout(timer);
  }
}

/** Nobody is left to read this answer; its code keeps the upstream out of it. */
function brokenOff(cause: unknown): DaypassError {
  return new DaypassError('malformed_request', { detail: 'The request broke off.', cause });
}
