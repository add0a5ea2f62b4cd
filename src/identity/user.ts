/** A user as GoTrue writes it into API answers and events (netlify/gotrue, models/user.go). Times are RFC 3339. */
export interface UserRecord {
  id: string;
  /** GoTrue's audience that the user belongs to; empty unless the instance has one. */
  aud: string;
  /** GoTrue's own group name, not one of `app_metadata.roles`. */
  role: string;
  email: string;
  confirmed_at?: string;
  invited_at?: string;
  confirmation_sent_at?: string;
  recovery_sent_at?: string;
  new_email?: string;
  email_change_sent_at?: string;
  last_sign_in_at?: string;
  app_metadata: Record<string, unknown> | null;
  user_metadata: Record<string, unknown> | null;
  /** To the second once stored. */
  created_at: string;
  updated_at: string;
}

/** A user as Netlify hands it to event functions. Times are RFC 3339; a field that is not set is absent. */
export interface User {
  /** A UUID, the same in all tries of one event. */
  readonly id: string;
  /** Unchecked: GoTrue accepts any text and keeps its case. Empty if the record holds none. */
  readonly email: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Since when the user may log in. */
  readonly confirmedAt?: string;
  readonly invitedAt?: string;
  readonly confirmationSentAt?: string;
  readonly recoverySentAt?: string;
  /** The e-mail that replaces `email` once the user confirms it. */
  readonly pendingEmail?: string;
  readonly emailChangeSentAt?: string;
  readonly lastSignInAt?: string;
  /** GoTrue's own group name. Netlify's redirects and functions check `roles`, not this. */
  readonly role?: string;
  /** `appMetadata.provider`: `email`, or the external provider's name. */
  readonly provider?: string;
  /** `appMetadata.roles`: a list of strings, or one string, which is then the only role. Absent for anything else. */
  readonly roles?: string[];
  /** `userMetadata.full_name`, else `userMetadata.name`. */
  readonly name?: string;
  /** `userMetadata.avatar_url`. */
  readonly pictureUrl?: string;
  /** Written by event functions and admin calls only. The user can read it in the Identity token. */
  readonly appMetadata: Record<string, unknown>;
  /** Written by the user too, at sign-up and with `PUT /user`: do not trust it. The user can read it. */
  readonly userMetadata: Record<string, unknown>;
}

declare const checked: unique symbol;

/** A user's id that `isUserId` has checked: it may stand in a path. */
export type UserId = string & { readonly [checked]: true };

/** Whether a value is a UUID as GoTrue writes it: lower case, with hyphens (RFC 9562 §4). */
export function isUserId(value: unknown): value is UserId {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}

/**
 * Turns GoTrue's record into the user that an event handler gets, as the platform's bootstrap does
 * (@netlify/serverless-functions-api). One difference: a single role stored as a string is kept; see {@link rolesOf}.
 * @example
 * ```ts
 * import { addRoles, samplePayloads, toUser } from 'daypass/identity';
 *
 * const change = addRoles('member')({ user: toUser(samplePayloads.validate.user) });
 * console.log(change); // { roles: ['member'] }
 * ```
 */
export function toUser(record: UserRecord): User {
  const appMetadata = record.app_metadata ?? {};
  const userMetadata = record.user_metadata ?? {};
  const user = {
    id: record.id,
    email: text(record.email) ?? '',
    confirmedAt: set(record.confirmed_at),
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    role: set(record.role),
    provider: set(appMetadata.provider),
    name: text(userMetadata.full_name || userMetadata.name),
    pictureUrl: text(userMetadata.avatar_url),
    roles: rolesOf(appMetadata),
    invitedAt: set(record.invited_at),
    confirmationSentAt: set(record.confirmation_sent_at),
    recoverySentAt: set(record.recovery_sent_at),
    pendingEmail: set(record.new_email),
    emailChangeSentAt: set(record.email_change_sent_at),
    lastSignInAt: set(record.last_sign_in_at),
    userMetadata,
    appMetadata,
  };
  return Object.fromEntries(
    Object.entries(user).filter(([, value]) => value !== undefined),
  ) as unknown as User;
}

/**
 * The roles in a user's `app_metadata`. Operators also store a single role as a string (`"roles": "editor"`). The
 * platform's bootstrap drops it, so a handler that sets all roles would remove it.
 * @returns undefined if there is neither a list of strings nor a string
 */
export function rolesOf({ roles }: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof roles === 'string' && roles !== '') return [roles];
  const areTexts = Array.isArray(roles) && roles.every((role) => typeof role === 'string');
  return areTexts ? roles : undefined;
}

function set(value: unknown): string | undefined {
  return text(value) || undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
