import type { Emit } from './events.ts';
import { resolveUrl } from './options.ts';
import {
  type Answer,
  type GetToken,
  type LoadRefusals,
  type Refusals,
  refusesToken,
  unlessAborted,
} from './refusals.ts';

/**
 * Sends a call.
 * @param url absolute
 * @param signal ends the wait for a token
 * @param isRepeatable false for a body that can be read once only
 * @param send sends it with this header field; called twice at most
 */
export type Authorize = <Kind extends Answer>(
  url: string,
  signal: AbortSignal | null | undefined,
  isRepeatable: boolean,
  send: (name: string, value: string) => Promise<Kind>,
) => Promise<Kind>;

/**
 * Makes the function that sends every call, by whichever transport: with the access token, and again once, with
 * another token, only after a 401 that says the token was at fault and when the body can be sent again. Whatever else
 * the backend answers is the caller's, and so is that 401 where no other token does better.
 * @param replaceSession begins another session in place of the token's
 * @param header see `SessionOptions`
 * @param load loads what sends again, at such a 401; where it cannot be loaded, the 401 is the caller's
 * @returns a function that throws a SessionError when there is no token to be had; what `send` throws; the signal's
 * reason once it aborts
 */
export function createAuthorize(
  getToken: GetToken,
  replaceSession: (token: string) => Promise<unknown>,
  emit: Emit,
  header: string,
  load: LoadRefusals,
): Authorize {
  let refusals: Refusals | undefined;
  return (url, signal, isRepeatable, sendWith) => {
    const send = (token: string) => sendWith(header, /^x/i.test(header) ? token : `Bearer ${token}`);
    // By `then`, and not `await`: zone.js and what builds on it see no other way into the task of the page.
    return unlessAborted(getToken(), signal).then((token) =>
      send(token).then((answer) => {
        if (!refusesToken(answer)) refusals?.accept(url, answer);
        else if (isRepeatable) {
          return load()
            .then(({ createRefusals }) => (refusals ??= createRefusals(getToken, replaceSession, emit)))
            .then(
              ({ retry }) => retry(url, signal, send, token, answer),
              () => answer,
            );
        }
        return answer;
      }),
    );
  };
}

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
    // Options passed with a Request are merged into it, as `fetch` does.
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
        // The page's base may have changed since the URL was resolved.
        return send(readTarget(target).url === url ? (request ?? target) : url, passed);
      } finally {
        sendingUrl = undefined;
      }
    });
  };
}

/** The first argument of `fetch`, read once. */
interface Target {
  /** A Request is the caller's own, a URL is a copy, and everything else is text. */
  target: RequestInfo | URL;
  /** Absolute. */
  url: string;
  request?: Request;
}

/**
 * Reads the target as `fetch` would. A Request, of whatever realm, is what the browser's own getters take for one;
 * everything else is a URL or text, and is turned into it once.
 * @throws TypeError for an invalid URL
 */
export function readTarget(input: RequestInfo | URL): Target {
  try {
    const request = input as Request;
    return { url: Reflect.get(Request.prototype, 'url', request), target: request, request };
  } catch {
    const target = input instanceof URL ? new URL(input) : `${input}`;
    return { url: resolveUrl(`${target}`).href, target };
  }
}

/** Copies the second argument of `fetch`, with what of it the page may change after the call. */
export function copyOptions(init: RequestInit | undefined): RequestInit {
  const copied: Record<string, unknown> = {};
  // Inherited ones too, as `fetch` reads them: a Request may stand in the place of options.
  for (const name in init) copied[name] = copy((init as Record<string, unknown>)[name]);
  return copied;
}

/** How values that must be copied are recognised, whichever realm they come from. */
interface Copied extends Partial<Pick<FormData, 'append' | 'forEach'>> {
  byteLength?: number;
  slice?: () => unknown;
  constructor: new () => FormData;
}

/** Copies bytes, forms, and header fields; anything else is left as it is. */
export function copy(value: unknown): unknown {
  const { byteLength, slice, append, forEach, constructor: Kind } = (value ?? 0) as Copied;
  if (slice && (byteLength as number) >= 0) return slice.call(value);
  if (Kind === (Object as unknown)) return { ...(value as object) };
  if (!append || !forEach) return value;
  const copied = new Kind();
  (value as FormData).forEach((item, name) => {
    copied.append(name, item);
  });
  return copied;
}

/** Sets a header field. Plain fields stay plain: what wrapped `fetch` may spread them. */
export function withField(headers: HeadersInit | undefined, name: string, value: string): HeadersInit {
  const all = new Headers(headers);
  const isPlain = !all.has(name) && !(headers as Partial<Iterable<unknown>> | undefined)?.[Symbol.iterator];
  all.set(name, value);
  return isPlain ? { ...headers, [name]: value } : all;
}
