/** A request as it went out. */
export interface Sent {
  method: string;
  /** Path and query. */
  path: string;
  /** Fields that the page itself set. */
  headers: Readonly<Record<string, string>>;
  /** Fields of the form, when the body was one. */
  form?: Readonly<Record<string, string>>;
}

/** An answer as it came back. */
export interface Answered {
  /** 0 when there was no answer. */
  status: number;
  headers: Headers;
  /** The body when it was JSON. */
  body: unknown;
  milliseconds: number;
}

/** One request and its answer. */
export interface Exchange {
  request: Sent;
  answer: Answered;
}

/** The member of a JSON object, when the body is one and the member is a string. */
export function textOf(body: unknown, member: string): string | undefined {
  const value =
    typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[member] : undefined;
  return typeof value === 'string' ? value : undefined;
}

/** The JSON of an answer, read to its end so that its connection is free again; undefined for anything else. */
export async function jsonOf(response: Response): Promise<unknown> {
  try {
    return JSON.parse(await response.text());
  } catch {
    return undefined;
  }
}

/** What the page may read of a body: forms only. */
function formOf(body: unknown): Record<string, string> | undefined {
  if (body instanceof URLSearchParams) return Object.fromEntries(body);
  if (typeof body === 'string' && /^[\w.~%+-]+=/.test(body))
    return Object.fromEntries(new URLSearchParams(body));
  return undefined;
}

/** A request that was seen going out; `answer` is absent until it has come back. */
export interface Seen {
  readonly id: number;
  readonly request: Sent;
  /** When it went out, in milliseconds since the page began (`performance.now()`). */
  readonly startedAt: number;
  readonly answer?: Answered;
}

type Watcher = (seen: Seen) => void;

/** The browser's own fetch: requests through it are not watched. */
export const plainFetch: typeof fetch = globalThis.fetch.bind(globalThis);

/**
 * Wraps `globalThis.fetch`, so that whatever any script of the page sends is seen, as it goes out and again as
 * its answer comes in. The answer itself passes through untouched.
 */
export function watchFetch(watcher: Watcher): void {
  let count = 0;
  globalThis.fetch = async (input, init) => {
    count += 1;
    const outgoing = {
      id: count,
      request: describe(input, init),
      startedAt: performance.now(),
    };
    watcher(outgoing);
    try {
      const response = await plainFetch(input, init);
      const milliseconds = performance.now() - outgoing.startedAt;
      // A copy is read, so that the caller does not wait for us.
      void jsonOf(response.clone()).then((body) => {
        const { status, headers } = response;
        watcher({
          ...outgoing,
          answer: { status, headers, body, milliseconds },
        });
      });
      return response;
    } catch (error) {
      const milliseconds = performance.now() - outgoing.startedAt;
      watcher({
        ...outgoing,
        answer: {
          status: 0,
          headers: new Headers(),
          body: undefined,
          milliseconds,
        },
      });
      throw error;
    }
  };
}

function describe(input: RequestInfo | URL, init: RequestInit = {}): Sent {
  const request = input instanceof Request ? input : undefined;
  const url = new URL(request?.url ?? String(input), globalThis.location?.href);
  const form = formOf(init.body);
  return {
    method: (init.method ?? request?.method ?? 'GET').toUpperCase(),
    path: url.pathname + url.search,
    headers: Object.fromEntries(new Headers(init.headers ?? request?.headers)),
    ...(form && { form }),
  };
}

export interface SendOptions {
  headers?: Record<string, string>;
  body?: string | URLSearchParams;
}

/** Sends a request that the attack lab shows by itself, past the timeline. Never throws: no answer is status 0. */
export type Send = (method: string, path: string, options?: SendOptions) => Promise<Exchange>;

export const send: Send = async (method, path, { headers = {}, body } = {}) => {
  const form = formOf(body);
  const request = { method, path, headers, ...(form && { form }) };
  const startedAt = performance.now();
  try {
    const response = await plainFetch(path, {
      method,
      headers,
      cache: 'no-store',
      ...(body && { body }),
    });
    const milliseconds = performance.now() - startedAt;
    const answer = {
      status: response.status,
      headers: response.headers,
      body: await jsonOf(response),
      milliseconds,
    };
    return { request, answer };
  } catch {
    const milliseconds = performance.now() - startedAt;
    return {
      request,
      answer: {
        status: 0,
        headers: new Headers(),
        body: undefined,
        milliseconds,
      },
    };
  }
};
