import { DaypassError } from '../protocol/error.ts';
import { requestHeaders } from './requestHeaders.ts';
import { responseHeaders } from './responseHeaders.ts';

/** Bodies up to this size are sent whole, with a Content-Length: WSGI servers read a chunked body as empty. */
const bufferedBytes = 1024 * 1024;

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
 * @throws {DaypassError} `upstream_timeout`, `upstream_unreachable`
 */
export async function forward(request: Request, options: ForwardOptions): Promise<Response> {
  const body = await bufferSmall(request);
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), options.timeoutSeconds * 1000);
  try {
    const response = await fetch(options.target, {
      method: request.method,
      headers: requestHeaders(request.headers, options.extraHeaders),
      body,
      redirect: 'manual',
      signal: AbortSignal.any([deadline.signal, request.signal]),
      // The Fetch standard asks for this where a body is a stream.
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    });
    const { status, statusText } = response;
    return new Response(response.body, { status, statusText, headers: responseHeaders(response.headers) });
  } catch (cause) {
    if (deadline.signal.aborted) throw new DaypassError('upstream_timeout', { retryAfterSeconds, cause });
    throw new DaypassError('upstream_unreachable', { retryAfterSeconds, cause });
  } finally {
    // The body may stream for as long as it likes.
    clearTimeout(timer);
  }
}

/** The body whole when it is small, else as a stream of what was read and what is to come. */
async function bufferSmall(
  request: Request,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> | null> {
  if (!request.body) return null;
  const reader = request.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length <= bufferedBytes) {
    const { done, value } = await reader.read();
    if (done) return join(chunks, length);
    chunks.push(value);
    length += value.length;
  }
  return new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift() ?? (await reader.read()).value;
      if (chunk === undefined) controller.close();
      else controller.enqueue(chunk);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}
