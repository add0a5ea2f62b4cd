import { brokenOff, type Clock } from '../limits/requestBody.ts';
import { DaypassError } from '../protocol/error.ts';
import type { OutgoingBody } from './readBody.ts';
import { decoderHere, responseHeaders } from './responseHeaders.ts';

const retryAfterSeconds = 5;

/** What we use of the standard's fetch. */
export type Fetch = (target: URL, init: RequestInit) => Promise<Response>;

/** Thrown by a `Fetch` for a status that no Response can have. */
export class UnknownStatus extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`${status} is no status of HTTP.`);
    this.name = 'UnknownStatus';
    this.status = status;
  }
}

/** The cause of `malformed_request` where the request came whole: the caller did not wait for the answer. */
export class CallerLeft extends Error {
  constructor(cause: unknown) {
    super('The caller left before the upstream answered.', { cause });
    this.name = 'CallerLeft';
  }
}

/** RFC 9110 §15, without those that come before an answer. */
export function isStatus(status: number): boolean {
  return status >= 200 && status <= 599;
}

export interface ForwardOptions {
  /** Where to; made by `resolveUpstream`. */
  target: URL;
  /** Name of the variable that holds its URL, for the refusals, which must not reveal the URL itself. */
  upstream: string;
  /** Made by `requestHeaders`. */
  headers: Headers;
  /** Made by `readBody`. */
  body: OutgoingBody;
  /** How long the upstream may take to send its headers, once it has the body, and for each piece of one. */
  timeoutSeconds: number;
  clock: Clock;
  /** Takes the place of fetch for `Range` where fetch would decode what comes; for requests without a body. */
  fetchUndecoded?: Fetch | undefined;
}

/**
 * Sends a request on, once, and streams the answer back. Redirects are the caller's to follow.
 * @throws {DaypassError} `upstream_timeout`; `upstream_unreachable`; `upstream_invalid_response` for a status outside
 * 200 to 599; `malformed_request` when the caller broke off; `request_timeout` and `body_budget_exhausted` for a body that
 * streams
 */
export async function forward(request: Request, options: ForwardOptions): Promise<Response> {
  const { target, headers, body, timeoutSeconds, fetchUndecoded } = options;
  // One controller for both reasons to stop: `AbortSignal.any` costs a tenth of the whole call.
  const controller = new AbortController();
  const breakOff = () => controller.abort(request.signal.reason);
  if (request.signal.aborted) breakOff();
  else request.signal.addEventListener('abort', breakOff, { once: true });
  let late = () => controller.abort();
  const deadline = startDeadline(options.clock, timeoutSeconds, () => late());
  const end = () => {
    deadline.end();
    body.close();
  };
  const content = body.content({ caller: deadline.pause, upstream: deadline.restart });
  // Deno sends an empty Blob chunked. A server that reads no chunks must not take what is left for the next request.
  if (content instanceof Blob && content.size === 0) headers.set('connection', 'close');
  const isStream = content instanceof ReadableStream;
  const asksRange = headers.has('range');
  const send: Fetch = asksRange && content === null && fetchUndecoded ? fetchUndecoded : fetch;
  try {
    const response = await send(target, {
      method: request.method,
      headers,
      body: content,
      redirect: 'manual',
      // Otherwise fetch adds `Cache-Control: no-cache` to a conditional request. No cache answers here.
      cache: 'force-cache',
      signal: controller.signal,
      // Required by the Fetch standard for a body that is a stream.
      ...(isStream && { duplex: 'half' }),
    });
    const { status } = response;
    if (!isStatus(status)) {
      response.body?.cancel().catch(() => undefined);
      throw new UnknownStatus(status);
    }
    const isWhole = send === fetch && !(asksRange && decoderHere.leavesRanges);
    const isDecoded = isWhole && response.body !== null;
    // An upstream may answer before it has all of a stream, which then goes on: within the upstream's time for each piece,
    // and until the answer ends, since fetch then neither reads the rest nor cancels it.
    const goesOn = isStream && response.body !== null;
    if (goesOn) {
      late = () => body.close();
      request.signal.addEventListener('abort', end, { once: true });
    } else {
      end();
    }
    const fields = responseHeaders(response.headers, { isDecoded });
    // These have no content: the caller would wait for the length they might name (RFC 9110 §8.6, §15.3.6).
    if (status === 204 || status === 205) fields.delete('content-length');
    // The answer may stream for as long as it likes.
    return new Response(goesOn ? withEnd(response.body, end) : response.body, {
      status,
      statusText: reasonPhrase(response),
      headers: fields,
    });
  } catch (cause) {
    const failure = body.failure();
    end();
    if (failure) throw failure;
    if (cause instanceof UnknownStatus) {
      throw new DaypassError('upstream_invalid_response', {
        detail: `The upstream (${options.upstream}) answered with status ${cause.status}; expected 200 to 599.`,
      });
    }
    if (request.signal.aborted) throw brokenOff(new CallerLeft(cause));
    if (controller.signal.aborted) {
      const detail = `The upstream (${options.upstream}) did not answer in time.`;
      throw new DaypassError('upstream_timeout', { detail, retryAfterSeconds, cause });
    }
    const detail = `The upstream (${options.upstream}) could not be reached, or gave no answer that is HTTP.`;
    throw new DaypassError('upstream_unreachable', { detail, retryAfterSeconds, cause });
  }
}

/**
 * A phrase is a comment of HTTP/1.1 (RFC 9112 §4), and runtimes read one that is not ASCII in different ways, to a text that
 * a Response may refuse. Without one, the runtime writes the usual phrase.
 */
function reasonPhrase({ statusText }: Response): string {
  return /^[\t\x20-\x7e]*$/.test(statusText) ? statusText : '';
}

/** The same stream; `onEnd` is called once it has ended, failed or been cancelled. */
function withEnd(stream: ReadableStream<Uint8Array>, onEnd: () => void): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read().catch((error) => {
          onEnd();
          throw error;
        });
        if (!done) return controller.enqueue(value);
        onEnd();
        controller.close();
      },
      cancel(reason) {
        onEnd();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

/** The upstream's time: it stands still while the caller is waited for, and begins again with each piece. */
function startDeadline(clock: Clock, seconds: number, late: () => void) {
  let hasEnded = false;
  let pause = () => {};
  const restart = () => {
    pause();
    if (!hasEnded) pause = clock.after(seconds * 1000, late);
  };
  restart();
  return {
    pause: () => pause(),
    restart,
    end: () => {
      hasEnded = true;
      pause();
    },
  };
}
