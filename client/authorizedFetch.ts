/** Gives an access token, another than the unwanted one. */
type GetToken = (unwanted?: string) => Promise<string>;

/**
 * `fetch` with the access token as `Authorization: Bearer` (RFC 6750 §2.1). Sends again once, with another token,
 * and only after a 401 that says the token was at fault (RFC 6750 §3.1) and when the body can be sent again: any
 * but a stream. Whatever else the backend answers is the caller's.
 * @throws SessionError when there is no token to be had; what `fetch` throws; the signal's reason once it aborts
 */
export async function authorizedFetch(
  getToken: GetToken,
  input: RequestInfo | URL,
  init?: RequestInit,
): Promise<Response> {
  const first = new Request(input, init);
  // Cloning a stream would keep all of it in memory, however long it is.
  const second = init?.body instanceof ReadableStream ? undefined : first.clone();
  const token = await unlessAborted(getToken(), first);
  const response = await send(first, token);
  if (!second || !refusesToken(response)) return response;
  const other = await unlessAborted(getToken(token), second);
  return other === token ? response : send(second, other);
}

function send(request: Request, token: string): Promise<Response> {
  request.headers.set('Authorization', `Bearer ${token}`);
  return fetch(request);
}

function refusesToken(response: Response): boolean {
  return (
    response.status === 401 &&
    /Bearer.*error="invalid_token"/i.test(`${response.headers.get('www-authenticate')}`)
  );
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
