import type { IdentityClient } from '../identity/client.ts';
import { unavailable } from '../identity/transport.ts';
import type { UserId } from '../identity/user.ts';
import { DaypassError } from '../protocol/error.ts';

/**
 * How long to wait for a DELETE until the user is looked up. GoTrue deletes the row first, then calls the site's `deleted`
 * handler, and answers afterwards: up to 15 s later, with 200.
 */
const silentMilliseconds = 1000;
/** How long to wait before the next look-up. */
const pauseMilliseconds = 250;

export interface DeletedUser {
  id: UserId;
  /** The user's own Identity token: `GET /user` has just worked with it, and needs no operator. */
  token: string;
  operatorToken: string;
  /** Ends the DELETE. */
  deleteSignal: AbortSignal;
  /** Ends the look-ups that follow. */
  confirmSignal: AbortSignal;
}

/** What became of a user: gone by our DELETE, absent before it, or still present, with the reason. */
export type Deletion = { state: 'gone' } | { state: 'absent' } | { state: 'present'; error: DaypassError };

/**
 * Deletes a user and makes sure of it. A DELETE that answers late, with an error, or not at all may have worked. So the user
 * is looked up while the DELETE does not answer, and after it has failed.
 *
 * `present` is not final: a DELETE that was cut off may still be carried out. The caller must never act as if it had deleted
 * the user.
 * @throws {DaypassError} `identity_unavailable`: it is unknown whether the user is gone
 */
export async function deleteAndConfirm(identity: IdentityClient, user: DeletedUser): Promise<Deletion> {
  const { confirmSignal } = user;
  let deletion: Deletion | undefined;
  let failure: DaypassError | undefined;
  const ended = identity.deleteUser(user.id, user.operatorToken, user.deleteSignal).then(
    (existed) => {
      deletion = { state: existed ? 'gone' : 'absent' };
    },
    (error) => {
      if (!(error instanceof DaypassError)) throw error;
      failure = error;
      if (failure.code === 'operator_token_refused') deletion = { state: 'present', error: failure };
    },
  );
  // Once the user is known to be gone, nothing awaits it.
  ended.catch(() => undefined);
  await endOr(silentMilliseconds, ended);
  let timesSeen = 0;
  while (!deletion) {
    const lookUp = isThere(identity, user.token, confirmSignal);
    const exists = await (failure ? lookUp : Promise.race([lookUp, ended]));
    if (deletion) break;
    if (exists === false) return { state: 'gone' };
    // Twice: an Identity that was stopped for a moment may serve the look-up before the DELETE.
    if (failure && exists === true) timesSeen += 1;
    if (failure && (timesSeen === 2 || (timesSeen === 1 && confirmSignal.aborted))) {
      return { state: 'present', error: failure };
    }
    if (confirmSignal.aborted) throw failure ?? unavailable('Identity did not say whether the user is gone');
    await endOr(pauseMilliseconds, failure ? undefined : ended);
  }
  return deletion;
}

/** Whether Identity still knows the user; undefined if it gives no answer. */
async function isThere(
  identity: IdentityClient,
  token: string,
  signal: AbortSignal,
): Promise<boolean | undefined> {
  try {
    await identity.getUser(token, signal);
    return true;
  } catch (error) {
    return error instanceof DaypassError && error.code === 'subject_token_user_gone' ? false : undefined;
  }
}

/** Waits for some work to end, but no longer than that. */
async function endOr(milliseconds: number, work?: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race(work ? [time, work] : [time]);
  clearTimeout(timer);
}
