import type { Authorize } from './authorize.ts';
import { copyOptions, readTarget, withField } from './fetchArguments.ts';

/**
 * Makes `fetch` with the access token (RFC 6750 §2.1). What goes out is what was passed, with
 * that field added, for the sake of what wrapped `fetch` before: text stays text, a URL a URL, a Request a Request, and
 * plain header fields stay plain. It is copied at once, as `fetch` would read it, since it may go out later.
 * @param send how calls are sent: by the `fetch` that was found before the page's own was replaced
 * @returns a function that throws what `authorize` does; what `fetch` throws; a TypeError for mode `no-cors`, and when
 * `fetch` leads back to the session
 */
export function createAuthorizedFetch(authorize: Authorize, send: typeof fetch): typeof fetch {
  const sent = new WeakSet<RequestInit>();
  let sendingUrl: string | undefined;

  return async (input, init) => {
    const { target, url, request } = readTarget(input);
    // The page may have replaced `fetch` by one that calls the session, which would never end.
    if (sent.has((request ?? init) as RequestInit) || url === sendingUrl) {
      throw new TypeError('Daypass: fetch loops: use session.attach');
    }
    // Options beside a Request go into it, as `fetch` does it.
    const own = request && new Request(request, init);
    const call = own ?? copyOptions(init);
    if (call.mode === 'no-cors') throw new TypeError('Daypass: mode no-cors carries no token');
    // What can be read once only: copying it would keep all of it in memory, however long it is.
    const body = init?.body as Partial<AsyncIterable<unknown>> | null | undefined;
    const isRepeatable = !body?.[Symbol.asyncIterator];
    return authorize(url, call.signal, isRepeatable, (name, value) => {
      const request = isRepeatable ? own?.clone() : own;
      const passed = request ? undefined : { ...call, headers: withField(call.headers, name, value) };
      request?.headers.set(name, value);
      sent.add(request ?? (passed as RequestInit));
      sendingUrl = url;
      try {
        // The page's base may have become another since the address was looked at.
        return send(readTarget(target).url === url ? (request ?? target) : url, passed);
      } finally {
        sendingUrl = undefined;
      }
    });
  };
}
