import { authorizedFetch } from './authorizedFetch.ts';
import { createEvents, type On } from './events.ts';
import { checkOptions, type SessionOptions } from './options.ts';
import { createTokenSource } from './tokenSource.ts';

/** An anonymous visitor's session. Its functions need no `this`. */
export interface Session {
  /**
   * `fetch` with the access token as `Authorization: Bearer`, in place of any that the request has. Sends again
   * once, with another token, after a 401 that says `Bearer error="invalid_token"`, unless its body is a stream.
   * Hand it addresses of your API alone: whoever gets the token can use it.
   * @throws SessionError when there is no token to be had; else as `fetch` does
   */
  fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;
  /**
   * The access token: the one at hand, renewed when it is about to expire, or the first of a new session. Ask
   * each time you need it. A page that is idle asks for none.
   * @param options `renew`: the next token, although the one at hand may be good for a while
   * @throws SessionError
   */
  token: (options?: { renew?: boolean }) => Promise<string>;
  /**
   * Ends the session (RFC 7009) and forgets its token in all tabs; the next call begins another. Without a token
   * it does nothing.
   * @throws SessionError when the broker could not be told; the token is kept, so that you can call again
   */
  revoke: () => Promise<void>;
  /** Listens to an event of `SessionEvents`; the function that it returns stops listening. */
  on: On;
}

/**
 * Makes a session. It asks for nothing until the first call needs a token: then it signs a throwaway user up, logs
 * it in, and exchanges it for an access token. Tabs of one site share that token.
 * @throws TypeError when an option is malformed, or none of `SessionOptions`
 */
export function createSession(options: SessionOptions = {}): Session {
  const { on, emit } = createEvents();
  const settings = checkOptions(options);
  for (const name in options) if (!(name in settings)) throw new TypeError(`Daypass: bad option ${name}`);
  const { getToken, revoke } = createTokenSource(settings, emit);
  return {
    fetch: (input, init) => authorizedFetch(getToken, input, init),
    token: (options) => getToken(options?.renew),
    revoke,
    on,
  };
}
