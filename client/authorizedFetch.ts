import { type createRefusals, refusesToken } from './refusals.ts';

/** Gives an access token, another than the unwanted one. */
type GetToken = (unwanted?: string) => Promise<string>;

/**
 * Makes `fetch` with the access token as `Authorization: Bearer` (RFC 6750 §2.1). It sends again once, with another
 * token, and only after a 401 that says the token was at fault (RFC 6750 §3.1) and when the body can be sent again: any
 * but a stream. Whatever else the backend answers is the caller's, and so is that 401 where no other token does better.
 * @param send how requests are sent: by the `fetch` that was found before the page's own was replaced
 * @param refusals where another token is of no use
 * @param header see `SessionOptions`
 * @returns a function that throws a SessionError when there is no token to be had; what `fetch` throws; the signal's
 * reason once it aborts; a TypeError for mode `no-cors`, and when `fetch` leads back to the session
 */
export function createAuthorizedFetch(
  getToken: GetToken,
  send: (request: Request) => Promise<Response>,
  refusals: ReturnType<typeof createRefusals>,
  header: string,
) {
  const sent = new WeakSet<Request>();
  let sendingUrl: string | undefined;

  function sendWith(token: string, request: Request): Promise<Response> {
    request.headers.set(header, /^x/i.test(header) ? token : `Bearer ${token}`);
    sent.add(request);
    sendingUrl = request.url;
    try {
      return send(request);
    } finally {
      sendingUrl = undefined;
    }
  }

  return async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const first = new Request(input, init);
    // The page may have replaced `fetch` by one that calls the session, which would never end.
    if (sent.has(input as Request) || first.url === sendingUrl) {
      throw new TypeError('Daypass: fetch leads back to session.fetch; use session.attach instead');
    }
    if (first.mode === 'no-cors') throw new TypeError('Daypass: mode no-cors carries no token');
    // Cloning a stream would keep all of it in memory, however long it is.
    const second = init?.body instanceof ReadableStream ? undefined : first.clone();
    const { pathname } = new URL(first.url);
    const token = await unlessAborted(getToken(), first);
    const response = await sendWith(token, first);
    if (!refusesToken(response)) {
      refusals.accept(pathname, response);
      return response;
    }
    if (!second || refusals.isHeld(pathname)) return response;
    // Where there is no other token, the backend's answer tells the caller more than the broker's would.
    const other = await unlessAborted(
      getToken(token).catch(() => token),
      second,
    );
    if (other === token) return response;
    const again = refusals.sendAgain(pathname, other, () => sendWith(other, second));
    return (await unlessAborted(again, second)) ?? response;
  };
}

/** The caller leaves when its signal aborts; the token is fetched all the same, since others may wait for it. */
function unlessAborted<T>(promise: Promise<T>, { signal }: Request): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    promise.then(resolve, reject);
  });
}
