import type { Emit } from './events.ts';

/** Gives an access token, another than the one that was refused. */
export type GetToken = (wanted?: { refused: string }) => Promise<string>;

/** What of a backend's answer is looked at, by whichever transport it came. */
export type Answer = Pick<Response, 'status' | 'ok' | 'json'> & { headers: Pick<Headers, 'get'> };

/** Whether a backend says that the token was at fault (RFC 6750 §3.1). */
export function refusesToken(answer: Answer): boolean {
  return (
    answer.status === 401 &&
    /Bearer.*error="invalid_token"/i.test(`${answer.headers.get('www-authenticate')}`)
  );
}

/** How long a path whose new token was refused too gets no other: at first, and at most. */
const firstHoldSeconds = 60;
const maxHoldSeconds = 300;
/** Within so long of each other, refusals at two paths are those of a whole session. */
const sessionEvidenceSeconds = 60;
/** So many calls try a new token at once, each at another path. */
const maxTrials = 8;
/** In place of a path: all of them. */
const everyPath = '';

interface Hold {
  seconds: number;
  until: number;
}

/** What sends calls again. */
export type Refusals = ReturnType<typeof createRefusals>;

/** Loads what sends again, when a backend refuses a token. */
export type LoadRefusals = () => Promise<{ createRefusals: typeof createRefusals }>;

/**
 * Sends calls again whose token was refused, and remembers paths where new tokens are refused too, so that a backend that
 * refuses every token causes no endless requests, to it or to the broker. In memory, by path without query: what a page has learnt ends with it.
 * @param replaceSession begins another session in place of the token's; called once, until a success at a path that
 *   had refused
 */
export function createRefusals(
  getToken: GetToken,
  replaceSession: (token: string) => Promise<unknown>,
  emit: Emit,
) {
  const holds = new Map<string, Hold>();
  const trials = new Map<string, Promise<boolean>>();
  let last: { path: string; at: number } | undefined;

  function lasts({ seconds, until }: Hold): boolean {
    const left = (until - Date.now()) / 1000;
    // More left than was to be held: the clock was set back.
    return left > 0 && left <= seconds;
  }

  function isHeld(path: string): boolean {
    return [path, everyPath].some((key) => {
      const hold = holds.get(key);
      return hold && lasts(hold);
    });
  }

  function hold(path: string): void {
    const before = holds.get(path);
    // Trials of one token come back one after another.
    if (before && lasts(before)) return;
    const seconds = before ? Math.min(maxHoldSeconds, before.seconds * 2) : firstHoldSeconds;
    holds.set(path, { seconds, until: Date.now() + seconds * 1000 });
  }

  /** A backend's answer to a token: a success takes back what spoke against it. */
  function accept(path: string, response: Answer): void {
    if (!response.ok) return;
    last = undefined;
    if (holds.delete(path)) holds.delete(everyPath);
  }

  function refuse(path: string, token: string, response: Answer): void {
    const now = Date.now();
    const isSession = last && last.path !== path && Math.abs(now - last.at) < sessionEvidenceSeconds * 1000;
    last = { path, at: now };
    hold(path);
    if (holds.has(everyPath)) hold(everyPath);
    else if (isSession) {
      hold(everyPath);
      // If there is no new session, the event `error` reports it; the current token stays in use.
      replaceSession(token).catch(() => {});
    }
    // Not awaited: a body may take as long as it likes.
    response
      .json()
      .catch(() => undefined)
      .then((body) => emit('refused', { path, code: body?.code ?? 'invalid_token' }));
  }

  async function tryToken<Kind extends Answer>(path: string, token: string, send: () => Promise<Kind>) {
    const answer = send();
    const trial = answer.then(
      (response) => {
        if (!refusesToken(response)) return true;
        refuse(path, token, response);
        return false;
      },
      () => false,
    );
    trials.set(path, trial);
    const isGood = await trial;
    if (trials.get(path) === trial) trials.delete(path);
    if (!isGood && refusesToken(await answer)) return undefined;
    accept(path, await answer);
    return answer;
  }

  /**
   * Sends a call again with a new token. Of many calls to one path one goes first, and the others follow when the
   * token was good.
   * @returns undefined when that token is refused too; what `send` throws is thrown
   */
  async function sendAgain<Kind extends Answer>(
    path: string,
    token: string,
    send: () => Promise<Kind>,
  ): Promise<Kind | undefined> {
    while (trials.has(path) || trials.size >= maxTrials) {
      if (await (trials.get(path) ?? Promise.race(trials.values()))) break;
      if (isHeld(path)) return undefined;
    }
    return tryToken(path, token, send);
  }

  return {
    /** An answer to a call that is not sent again. */
    accept: (url: string, answer: Answer) => accept(new URL(url).pathname, answer),

    /**
     * Sends a call again, unless no other token is to be had, or would do better.
     * @param token the one that was refused
     * @param answer that refusal; it is the caller's where nothing is better
     * @throws what `send` throws; the signal's reason once it aborts
     */
    async retry<Kind extends Answer>(
      url: string,
      signal: AbortSignal | null | undefined,
      send: (token: string) => Promise<Kind>,
      token: string,
      answer: Kind,
    ): Promise<Kind> {
      const path = new URL(url).pathname;
      if (isHeld(path)) return answer;
      // Without another token, the backend's answer says more to the caller than the broker's would.
      const other = await unlessAborted(
        getToken({ refused: token }).catch(() => token),
        signal,
      );
      if (other === token) return answer;
      const again = sendAgain(path, other, () => send(other));
      return (await unlessAborted(again, signal)) ?? answer;
    },
  };
}

/** The caller leaves when its signal aborts; the token is fetched all the same, since others may wait for it. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    signal.addEventListener('abort', leave);
    if (signal.aborted) leave();
    promise.then(resolve, reject).then(() => signal.removeEventListener('abort', leave));
  });
}
