import type { RequestBodies } from '../limits/requestBodies.ts';
import type { RequestBody } from '../limits/requestBody.ts';
import { DaypassError } from '../protocol/error.ts';

/** RFC 9110 §9.2.1, of those that a route lets through. */
const safeMethods = ['GET', 'HEAD', 'OPTIONS'];

export interface ReadBodyOptions {
  bodies: RequestBodies;
  /** Up to here a body is sent whole, with a Content-Length: WSGI servers read a chunked body as empty. */
  maxBodyBytes: number;
  /** Whether a larger one is sent in chunks; else it is refused. */
  stream: boolean;
}

/** Called when the turn changes while a body streams, so that neither side uses up the other's time. */
export interface Turns {
  caller(): void;
  upstream(): void;
}

/** The body of a request on its way to the upstream. */
export interface OutgoingBody {
  /** Taken once. */
  content(turns: Turns): Blob | ReadableStream<Uint8Array> | null;
  /** Why it could not be read to its end, if so. */
  failure(): DaypassError | undefined;
  /** Gives back the memory it holds. */
  close(): void;
}

/**
 * Reads the body of a request: whole when it is not too large, else only as much as `maxBodyBytes`.
 *
 * Whole means a Blob, though bytes would do elsewhere: when a connection breaks, Deno's fetch sends a request again if
 * its body is bytes or absent, also a POST (denoland/deno pull request 32566), and a Blob only once. So an unsafe
 * method without a body has an empty one.
 * @throws {DaypassError} `content_too_large`, `request_timeout`, `body_budget_exhausted`; `malformed_request` when the
 * caller broke off
 */
export async function readBody(request: Request, options: ReadBodyOptions): Promise<OutgoingBody> {
  if (!request.body) return withoutBody(request.method);
  const { bodies, maxBodyBytes, stream } = options;
  const body = bodies.open(request);
  try {
    // What is announced as too large need not be gathered first.
    const fits = (body.declaredBytes ?? 0) <= maxBodyBytes && (await body.gather(maxBodyBytes));
    if (!fits && !stream) {
      throw new DaypassError('content_too_large', {
        detail: `The request body is larger than upstream.maxBodyBytes of the policy, ${maxBodyBytes} bytes.`,
      });
    }
    const whole = fits ? new Blob(body.gathered()) : undefined;
    return {
      content: (turns) => whole ?? streamOf(body, turns),
      failure: () => body.failure,
      close: () => body.close(),
    };
  } catch (error) {
    body.close();
    throw error;
  }
}

function withoutBody(method: string): OutgoingBody {
  return {
    content: () => (safeMethods.includes(method) ? null : new Blob()),
    failure: () => undefined,
    close: () => undefined,
  };
}

function streamOf(body: RequestBody, turns: Turns): ReadableStream<Uint8Array> {
  return new ReadableStream(
    {
      async pull(controller) {
        turns.caller();
        const piece = await body.next();
        turns.upstream();
        if (piece) controller.enqueue(piece);
        else {
          controller.close();
          body.close();
        }
      },
      cancel: () => body.close(),
    },
    // Nothing is read ahead: each pull means that the upstream has taken what came before.
    { highWaterMark: 0 },
  );
}
