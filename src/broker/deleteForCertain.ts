import type { IdentityClient } from '../identity/client.ts';
import { unavailable } from '../identity/transport.ts';
import { DaypassError } from '../protocol/error.ts';

/**
 * How long a DELETE may be silent until Identity is asked for the user. GoTrue deletes the row first, then calls the site's
 * `deleted` handler and answers when it has: up to 15 s later, and then with 200.
 */
const silentMilliseconds = 1000;
/** How long to wait before asking again. */
const pauseMilliseconds = 250;

export interface DeletedUser {
  id: string;
  /** The user's own Identity token: `GET /user` has just worked with it, and needs no operator. */
  token: string;
  operatorToken: string;
  /** Until when the DELETE may take. */
  deleteSignal: AbortSignal;
  /** Until when Identity may be asked what became of the user. */
  settleSignal: AbortSignal;
}

/** What became of a user: gone by our DELETE, gone before it, or still there, with the reason. */
export type Deletion = { state: 'gone' } | { state: 'absent' } | { state: 'present'; error: DaypassError };

/**
 * Deletes a user, and makes sure of it: a DELETE that answers late, with an error, or not at all may have done its work. So
 * Identity is asked for the user while the DELETE is silent, and once it has failed.
 *
 * `present` is no promise: a DELETE that was cut off may yet be carried out. Whoever learns it must not act as if it had
 * deleted the user, now or later.
 * @throws {DaypassError} `identity_unavailable`: Identity does not tell, so the user may be gone or not
 */
export async function deleteForCertain(identity: IdentityClient, user: DeletedUser): Promise<Deletion> {
  const { settleSignal } = user;
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
  // Once the user is known to be gone, nobody waits for it.
  ended.catch(() => undefined);
  await endOr(silentMilliseconds, ended);
  let timesSeen = 0;
  while (!deletion) {
    const asked = isThere(identity, user.token, settleSignal);
    const said = await (failure ? asked : Promise.race([asked, ended]));
    if (deletion) break;
    if (said === false) return { state: 'gone' };
    // Twice: an Identity that was stopped for a moment may take up the question before the DELETE.
    if (failure && said === true) timesSeen += 1;
    if (failure && (timesSeen === 2 || (timesSeen === 1 && settleSignal.aborted))) {
      return { state: 'present', error: failure };
    }
    if (settleSignal.aborted) throw failure ?? unavailable('Identity does not tell whether the user is gone');
    await endOr(pauseMilliseconds, failure ? undefined : ended);
  }
  return deletion;
}

/** Whether Identity still knows the user; undefined where it does not tell. */
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

/** Waits for the end of some work, or for so long. */
async function endOr(milliseconds: number, work?: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const time = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  await Promise.race(work ? [time, work] : [time]);
  clearTimeout(timer);
}
