import type { Emit } from './events.ts';
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
