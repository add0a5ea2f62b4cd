import { type Answered, formOf, jsonOf, type Sent } from './exchange.ts';

/** A request that was seen going out; `answer` is absent until it has come back. */
export interface Seen {
  readonly id: number;
  readonly request: Sent;
  /** When it went out, in milliseconds since the page began (`performance.now()`). */
  readonly startedAt: number;
  readonly answer?: Answered;
}

type Watcher = (seen: Seen) => void;

/** The browser's own fetch: what goes through it is seen by nobody. */
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
      // The copy is read aside: whoever sent the request does not wait for us.
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
