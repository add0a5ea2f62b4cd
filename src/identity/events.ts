import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys, isRecord } from '../protocol/knownKeys.ts';
import type { User, UserRecord } from './user.ts';

/**
 * The five events of Identity. `gotrue` is the name in the body's `event` and, after `identity_`, in `X-Netlify-Event`;
 * `netlify` is the property of a function's default export that the platform calls.
 */
export const eventNames = {
  validate: { gotrue: 'validate', netlify: 'userValidate' },
  signup: { gotrue: 'signup', netlify: 'userSignup' },
  login: { gotrue: 'login', netlify: 'userLogin' },
  modified: { gotrue: 'usermodified', netlify: 'userModified' },
  deleted: { gotrue: 'userdeleted', netlify: 'userDeleted' },
} as const;

export type EventName = keyof typeof eventNames;

export function isEventName(name: string): name is EventName {
  return Object.hasOwn(eventNames, name);
}

/** The events that GoTrue reports after it has committed the change. */
export type PastEvent = 'modified' | 'deleted';

export function isPastEvent(name: EventName): name is PastEvent {
  return name === 'modified' || name === 'deleted';
}

/** Why denying such an event is a mistake. */
export function denialProblem(name: PastEvent): string {
  return `${eventNames[name].netlify} cannot deny: GoTrue has committed the change already. Only validate, signup and login can.`;
}

/** The body with which GoTrue calls an event function. */
export interface EventPayload {
  readonly event: (typeof eventNames)[EventName]['gotrue'];
  readonly instance_id: string;
  readonly user: UserRecord;
}

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
   * Refuses the sign-up or log-in; the handler's return value is then ignored. GoTrue calls up to three times before it
   * accepts a refusal, so give one user (`user.id`) the same answer each time.
   */
  deny(): undefined;
}

/** A change to a user's metadata, the only thing that an event function can change of a user. */
export interface UserChange {
  /** All roles from now on; `[]` removes them. Left out, they stay. */
  readonly roles?: readonly string[];
  /** Merged into `appMetadata` key by key; null removes a key. `provider` and `roles` stay unless named. */
  readonly appMetadata?: Readonly<Record<string, unknown>>;
  /** Merged into `userMetadata` key by key; null removes a key. */
  readonly userMetadata?: Readonly<Record<string, unknown>>;
}

/** What a handler returns: a change to the user's metadata, or nothing. */
export type HandlerResult = UserChange | undefined | Promise<UserChange | undefined> | Promise<void>;

/**
 * Handlers of Identity's events. All of them:
 *
 * - block GoTrue. `validate`, `signup` and `login` run inside the database transaction: a new user's row is written but
 *   not committed, so admin calls do not see it, and a later step may still undo it. `modified` and `deleted` run after
 *   the commit.
 * - have 5 s. GoTrue tries three times if a handler is late, throws or denies. After the third failure of the first
 *   three events it answers 504 (late) or 422 "Failed to handle signup webhook" (otherwise) and rolls back; for the
 *   other two it writes a log line and answers 200. A handler may therefore run three times for one event: write to
 *   your own database by `user.id`, as an upsert.
 * - see the user and nothing else of the caller: no request, no IP address.
 */
export interface IdentityEventHandlers {
  /**
   * Before a new user exists: at sign-up, at an invitation, and at the first log-in through an external provider. Once
   * per row: signing up again with an e-mail that was never confirmed does not call it.
   *
   * Runs before all other events. `userMetadata` holds what the caller sent (`data` of the sign-up) or what the provider
   * reported; `appMetadata` holds only the provider.
   *
   * A change is in the row and in the first token. A denial leaves no row: the sign-up is answered 422 after three
   * calls, and the same e-mail may try again.
   */
  readonly validate?: (event: DeniableEvent<UnconfirmedUser>) => HandlerResult;
  /**
   * When a new user is confirmed. With autoconfirm that is at sign-up, right after `validate`; without it, when the user
   * opens the link in the e-mail (confirmation, invitation or password recovery). GoTrue's source also calls it for
   * external providers that vouch for the e-mail; Netlify's documentation says it is for e-mail and password only. Put
   * what every new user needs into `validate`.
   *
   * `confirmedAt` is not set yet.
   *
   * A change is in the row and in the first token. A denial undoes the sign-up (with autoconfirm: no row is left) or
   * leaves the user unconfirmed (the link can be opened again).
   */
  readonly signup?: (event: DeniableEvent<UnconfirmedUser>) => HandlerResult;
  /**
   * At each log-in with a password, and from the second log-in on through an external provider. Not when tokens are
   * refreshed, and not when GoTrue itself logs the user in as part of a sign-up (the link in the e-mail, the first
   * log-in through a provider). With autoconfirm, a page signs up and then logs in with a second request, which counts.
   *
   * A change is in the row and in the token that this log-in issues. A denial issues no token: 422.
   */
  readonly login?: (event: DeniableEvent<ConfirmedUser>) => HandlerResult;
  /**
   * When an operator changes a user, in Netlify's dashboard or with an admin call. Not when users change their own data
   * (`PUT /user`), and not when an event handler changes a user.
   *
   * `user` is the new state. GoTrue commits before it calls, so there is no `deny()`, and a handler that throws or is
   * late undoes nothing. It may still change the metadata. Return the change; an admin call that updates a user from
   * here calls this handler again, endlessly.
   */
  readonly modified?: (event: IdentityEvent) => HandlerResult;
  /**
   * When an operator deletes a user, in Netlify's dashboard or with an admin call; the exchange of a throwaway user is
   * such a call. Not called for users whose sign-up was denied.
   *
   * `user` is the last state, and the row is already gone: there is nothing to change, and no `deny()`. GoTrue still
   * waits for the handler, up to three times 5 s, before it answers the deletion, so be quick.
   */
  readonly deleted?: (event: IdentityEvent) => void | Promise<void>;
}

type Metadata = Readonly<Record<string, unknown>>;

export const changeFields = ['roles', 'appMetadata', 'userMetadata'] as const;

/**
 * Returns an event handler that adds roles to the user's roles. As `validate` it gives them to every new user, in the
 * first Identity token. Another handler may return its result: `addRoles('member')(event)`.
 *
 * Give no role to the throwaway users of Daypass: with one they count as members and cannot be exchanged.
 * @throws {ConfigurationError} a TypeError: no role, or an empty one
 * @example
 * ```ts
 * // netlify/functions/identity.ts
 * import { addRoles, defineIdentityEvents } from 'daypass/identity';
 *
 * const { userValidate } = defineIdentityEvents({ validate: addRoles('member') });
 *
 * export default { userValidate };
 * ```
 */
export function addRoles(...roles: [string, ...string[]]): (event: IdentityEvent) => UserChange | undefined {
  checkRoles(roles);
  if (roles.length === 0) throw new ConfigurationError(['addRoles takes at least one role.']);
  return ({ user }) => {
    const stored: unknown = user.appMetadata?.roles;
    // `user.roles` lacks a role stored as a string, and the strings of a list that holds other values too.
    const listed: unknown[] = [stored ?? user.roles].flat();
    const current = listed.filter((role): role is string => typeof role === 'string' && role !== '');
    const missing = roles.filter((role) => !current.includes(role));
    return missing.length === 0 ? undefined : { roles: [...current, ...new Set(missing)] };
  };
}

/**
 * Applies a change to a user's metadata.
 * @returns undefined if there was nothing to change
 * @throws {ConfigurationError} a TypeError: not a change
 */
export function applyChange(
  user: { appMetadata?: Metadata; userMetadata?: Metadata },
  change: UserChange,
): { appMetadata: Record<string, unknown>; userMetadata: Record<string, unknown> } | undefined {
  if (!isRecord(change)) {
    throw new ConfigurationError(['An event handler returns a change, such as { roles }, or nothing.']);
  }
  assertKnownKeys('A change of an event handler', change, changeFields);
  const appMetadata = appMetadataOf(change);
  if (!appMetadata && !change.userMetadata) return undefined;
  return {
    appMetadata: merge(user.appMetadata, appMetadata),
    userMetadata: merge(user.userMetadata, change.userMetadata),
  };
}

/**
 * The `appMetadata` of a change, with its `roles` in it.
 * @throws {ConfigurationError} a TypeError: a field has the wrong type, or `appMetadata` has roles too
 */
export function appMetadataOf({ roles, appMetadata, userMetadata }: UserChange): Metadata | undefined {
  checkMetadata({ appMetadata, userMetadata });
  if (roles === undefined) return appMetadata;
  checkRoles(roles);
  if (appMetadata && Object.hasOwn(appMetadata, 'roles')) {
    throw new ConfigurationError(['Give the roles either as roles or in appMetadata, not both.']);
  }
  return { ...appMetadata, roles: [...roles] };
}

/** @throws {ConfigurationError} a TypeError */
export function checkMetadata(metadata: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(metadata)) {
    if (value !== undefined && !isRecord(value))
      throw new ConfigurationError([`${field} must be an object.`]);
  }
}

function checkRoles(roles: readonly string[]): void {
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string' && role !== '')) {
    throw new ConfigurationError(['roles must be a list of non-empty strings.']);
  }
}

function merge(current: Metadata = {}, updates: Metadata = {}): Record<string, unknown> {
  const merged = Object.entries({ ...current, ...updates });
  return Object.fromEntries(merged.filter(([key, value]) => value !== null || !Object.hasOwn(updates, key)));
}
