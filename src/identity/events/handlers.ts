import type { UserChange } from './change.ts';
import type { User } from './user.ts';

/** A user who cannot log in yet. */
export interface UnconfirmedUser extends User {
  readonly confirmedAt?: never;
}

/** A user who has confirmed the e-mail, or did not have to. */
export interface ConfirmedUser extends User {
  readonly confirmedAt: string;
}

export interface IdentityEvent<Who extends User = User> {
  readonly user: Who;
}

export interface DeniableEvent<Who extends User = User> extends IdentityEvent<Who> {
  /**
   * Refuses what the event is about; whatever the handler returns counts for nothing then. GoTrue calls three times
   * before it believes a refusal, so the handler must give one user (`user.id`) the same answer each time.
   */
  deny(): undefined;
}

/** What a handler returns: a change of the user's metadata, or nothing. */
export type Answer = UserChange | undefined | Promise<UserChange | undefined> | Promise<void>;

/**
 * Handlers of Identity's events. What they have in common:
 *
 * - GoTrue waits for the handler. `validate`, `signup` and `login` run inside the database transaction of what they
 *   report: a new user's row is written but not committed, so admin calls do not see it, and a later step may still undo
 *   it. `modified` and `deleted` run after the commit.
 * - A handler has 5 s. GoTrue tries three times, whether it was late, threw, or denied. Then, of the first three, the
 *   caller is answered 504 (late) or 422 "Failed to handle signup webhook" (all else), and the transaction is undone; of
 *   the other two, GoTrue writes a line into its log, and answers 200. So a handler may run three times for one event:
 *   write to a database of your own by `user.id`, as an upsert.
 * - A handler sees the user and nothing else of the caller: no request, no address.
 */
export interface IdentityEventHandlers {
  /**
   * Before a new user exists: at sign-up, at an invitation, and at the first log-in through an external provider.
   * Once for each row; signing up again with an e-mail that was never confirmed does not call it.
   *
   * First of all events. `userMetadata` holds what the caller sent (`data` of the sign-up) or what the provider told;
   * `appMetadata` holds the provider alone.
   *
   * A change is in the row, and in the first token. A denial leaves no row: the sign-up is answered 422 after three
   * calls, and the same e-mail may try again.
   */
  readonly validate?: (event: DeniableEvent<UnconfirmedUser>) => Answer;
  /**
   * When a new user becomes a confirmed one. With autoconfirm that is at sign-up, straight after `validate`; without
   * it, when the link in the mail is opened (of a confirmation, an invitation or a password recovery). GoTrue's source
   * calls it for external providers too, if they vouch for the e-mail; Netlify's documentation says that it is for
   * e-mail and password only. What must happen to every new user belongs into `validate`.
   *
   * `confirmedAt` is not set yet.
   *
   * A change is in the row, and in the first token. A denial undoes the sign-up (autoconfirm: no row is left) or leaves
   * the user unconfirmed (the link can be opened again).
   */
  readonly signup?: (event: DeniableEvent<UnconfirmedUser>) => Answer;
  /**
   * At each log-in with a password, and at the second and later ones through an external provider. Not when tokens are
   * refreshed, and not when GoTrue logs somebody in as part of a sign-up (the link in the mail, the first log-in through
   * a provider). With autoconfirm a page signs up and then logs in by a request of its own: that one counts.
   *
   * A change is in the row, and in the very token that this log-in issues. A denial issues none: 422.
   */
  readonly login?: (event: DeniableEvent<ConfirmedUser>) => Answer;
  /**
   * When an operator changes a user: in Netlify's dashboard, or by an admin call. Not when users change their own data
   * (`PUT /user`), and not when an event handler changes a user.
   *
   * The user is as it is now: GoTrue has committed the change before it calls, so there is no `deny()`, and a handler
   * that throws or is late undoes nothing. It may still change the metadata. An admin call that updates a user from here
   * calls this handler again, without end: return the change instead.
   */
  readonly modified?: (event: IdentityEvent) => Answer;
  /**
   * When an operator deletes a user: in Netlify's dashboard, or by an admin call; each exchange of a throwaway user is
   * one. Not called for users of a sign-up that was denied.
   *
   * The user is as it was, and gone already: there is nothing to change, and no `deny()`. But GoTrue waits for the
   * handler, three times 5 s at most, before it answers the deletion: be quick.
   */
  readonly deleted?: (event: IdentityEvent) => void | Promise<void>;
}
