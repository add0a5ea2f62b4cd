import { nearest } from '../src/protocol/nearest.ts';
import { attach, type LoadXhr } from './attach.ts';
import { createAuthorize, createAuthorizedFetch } from './authorize.ts';
import { createEvents, type On } from './events.ts';
import { checkOptions, type SessionOptions, type Settings } from './options.ts';
import { createRefusals, type LoadRefusals } from './refusals.ts';
import { boundStorage } from './storage.ts';
import { createTokenSource } from './tokenSource.ts';

/** An anonymous visitor's session. Its functions need no `this`. */
export interface Session {
  /**
   * `fetch` with the access token as `Authorization: Bearer`, in place of any that the request has (or in `X-Daypass`, as
   * the option `header` says); all else goes out as you passed it. Sends again once, with another token, after a 401 that
   * says `Bearer error="invalid_token"`, unless its body is a stream. Where no other token does better, that 401 is what
   * you get. Use it only for URLs of your API: any server that gets the token can use it.
   * @throws SessionError when there is no token to be had; TypeError for mode `no-cors`, which carries no header of
   * ours, and when the page has replaced `fetch` by a function that calls this one; else as `fetch` does
   */
  fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /**
   * Replaces the page's `fetch`, and `open`, `setRequestHeader`, `send` and `abort` of XMLHttpRequest where there is one,
   * so that calls under the prefixes carry the token, as the script tag does with its `data-api`. The session then sends
   * with what it found. Unchanged are calls that carry `Authorization` or `X-Daypass` already, calls to Identity and to the
   * broker, and, with a warning, those of mode `no-cors` and synchronous ones. An XMLHttpRequest for which there is no token fails as
   * without a network; the console and the event `error` say why. On a server, which has no page, a prefix such as
   * `/api/` covers nothing, and `fetch` stays what it was.
   * @param prefixes such as `/api/` or `https://api.example.com/v1/`
   * @throws TypeError for a prefix that is not a URL; then nothing was replaced
   */
  attach: (prefixes: readonly string[]) => void;
  /**
   * The access token: the one at hand, renewed when it is about to expire, or the first of a new session. Ask
   * each time you need it. An idle page requests none.
   * @param options `renew`: the next token, although the one at hand may be good for a while
   * @throws SessionError
   */
  token: (options?: { renew?: boolean }) => Promise<string>;
  /**
   * Ends the session (RFC 7009) and forgets its token in all tabs; the next call begins another. Without a token
   * it does nothing.
   * @throws SessionError when the broker could not be reached; the token is kept, so that you can call again
   */
  revoke: () => Promise<void>;
  /** Listens to an event of `SessionEvents`; the function that it returns stops listening. */
  on: On;
}

/** Makes a session of options that were checked, and with no storage but one that answers in time. */
export function openSession(settings: Settings, loadRefusals: LoadRefusals, loadXhr: LoadXhr): Session {
  const { on, emit } = createEvents();
  const { getToken, replaceSession, revoke } = createTokenSource(settings, emit);
  // Looked up at each call: a page's tests replace `fetch` after its modules were loaded.
  let send: typeof fetch = (...passed) => fetch(...passed);
  const authorize = createAuthorize(getToken, replaceSession, emit, settings.header, loadRefusals);
  const authorized = createAuthorizedFetch(authorize, (...passed) => send(...passed));
  return {
    fetch: authorized,
    attach: (prefixes) => {
      send = attach({ authorize, fetch: authorized, loadXhr }, prefixes, settings) ?? send;
    },
    token: (options) => getToken(options),
    revoke,
    on,
  };
}

/**
 * Makes a session. It sends nothing and changes nothing in the page until the first call needs a token: then it
 * signs a throwaway user up, logs it in, and exchanges it for an access token. Tabs of one site share that token. So it
 * may stand at the top of a module that is loaded on a server too, and so may its `attach`.
 * @throws TypeError when an option is malformed, or none of `SessionOptions`: it names the nearest
 */
export function createSession(options: SessionOptions = {}): Session {
  if (Object(options) !== options || Array.isArray(options)) throw new TypeError('Daypass: bad options');
  const settings = checkOptions(options);
  const names = Object.keys(settings);
  for (const name of Object.keys(options)) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names) ?? names.join(', ');
    throw new TypeError(`Daypass: no option ${name}; did you mean ${meant}?`);
  }
  const storage = settings.storage && boundStorage(settings.storage);
  return openSession(
    { ...settings, storage },
    // A service worker, where `import()` does not work, has no XMLHttpRequest.
    async () => ({ createRefusals }),
    () => import('./xhr.ts'),
  );
}
