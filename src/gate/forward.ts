import { brokenOff, type Clock } from '../limits/requestBodies.ts';
import { DaypassError } from '../protocol/error.ts';
import type { OutgoingBody } from './readBody.ts';
import { requestHeaders } from './requestHeaders.ts';
import { responseHeaders } from './responseHeaders.ts';

const retryAfterSeconds = 5;

export interface ForwardOptions {
  /** Where to; made by `resolveUpstream`. */
  target: URL;
  /** Made by `readBody`. */
  body: OutgoingBody;
  /** How long the upstream may take to send its headers, once it has the body, and for each piece of one. */
  timeoutSeconds: number;
  /** Request fields to pass on besides the usual ones, in lower case. */
  extraHeaders: readonly string[];
  clock: Clock;
}

/**
 * Sends a request on, once, and streams the answer back. Redirects are the caller's to follow.
 * @throws {DaypassError} `upstream_timeout`; `upstream_unreachable`; `malformed_request` when the caller broke off;
 * `request_timeout` and `body_budget_exhausted` for a body that streams
 */
export async function forward(request: Request, options: ForwardOptions): Promise<Response> {
  const { target, body, timeoutSeconds, extraHeaders } = options;
  const headers = requestHeaders(request.headers, extraHeaders);
  const deadline = startDeadline(options.clock, timeoutSeconds);
  const content = body.content({ caller: deadline.pause, upstream: deadline.restart });
  // Deno sends an empty Blob chunked. A server that reads no chunks must not take what is left for the next request.
  if (content instanceof Blob && content.size === 0) headers.set('connection', 'close');
  const isStream = content instanceof ReadableStream;
  try {
    const response = await fetch(target, {
      method: request.method,
      headers,
      body: content,
      redirect: 'manual',
      signal: AbortSignal.any([deadline.signal, request.signal]),
      // The Fetch standard asks for this where a body is a stream.
      ...(isStream && { duplex: 'half' }),
    });
    const { status, statusText } = response;
    // An upstream may answer before it has all of a stream, which then goes on.
    if (!isStream) body.close();
    return new Response(response.body, { status, statusText, headers: responseHeaders(response.headers) });
  } catch (cause) {
    const failure = body.failure();
    body.close();
    if (failure) throw failure;
    if (request.signal.aborted) throw brokenOff(cause);
    if (deadline.signal.aborted) throw new DaypassError('upstream_timeout', { retryAfterSeconds, cause });
    throw new DaypassError('upstream_unreachable', { retryAfterSeconds, cause });
  } finally {
    // The answer may stream for as long as it likes.
    deadline.end();
  }
}

/** The upstream's time: it stands still while the caller is waited for, and begins again with each piece. */
function startDeadline(clock: Clock, seconds: number) {
  const controller = new AbortController();
  let hasEnded = false;
  let pause = () => {};
  const restart = () => {
    pause();
    if (!hasEnded) pause = clock.after(seconds * 1000, () => controller.abort());
  };
  restart();
  return {
    signal: controller.signal,
    pause: () => pause(),
    restart,
    end: () => {
      hasEnded = true;
      pause();
    },
  };
}
