import type { IdentityUser } from '../user.ts';

/** A user as GoTrue writes it into events and admin answers (netlify/gotrue, models/user.go). */
export interface UserRecord extends IdentityUser {
  invited_at?: string;
  confirmation_sent_at?: string;
  recovery_sent_at?: string;
  new_email?: string;
  email_change_sent_at?: string;
  last_sign_in_at?: string;
}

/** A user as Netlify hands it to event functions. Times are RFC 3339; what is unset is not there. */
export interface User {
  /** A UUID, the same in all tries of one event. */
  readonly id: string;
  /** Unchecked: GoTrue takes any text, and keeps its case. Empty where the record holds none. */
  readonly email: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Since when the user may log in. */
  readonly confirmedAt?: string;
  readonly invitedAt?: string;
  readonly confirmationSentAt?: string;
  readonly recoverySentAt?: string;
  /** The e-mail that replaces `email` once its mail was answered. */
  readonly pendingEmail?: string;
  readonly emailChangeSentAt?: string;
  readonly lastSignInAt?: string;
  /** GoTrue's own group name. The roles that Netlify's redirects and functions look at are `roles`. */
  readonly role?: string;
  /** `appMetadata.provider`: `email`, or the external provider's name. */
  readonly provider?: string;
  /** `appMetadata.roles`: a list of texts, or one text, which is then the only role. Not there for anything else. */
  readonly roles?: string[];
  /** `userMetadata.full_name`, else `userMetadata.name`. */
  readonly name?: string;
  /** `userMetadata.avatar_url`. */
  readonly pictureUrl?: string;
  /** Written by event functions and admin calls alone. The user reads it in the Identity token. */
  readonly appMetadata: Record<string, unknown>;
  /** Written by the user too, at sign-up and by `PUT /user`: a claim and no proof. The user reads it as well. */
  readonly userMetadata: Record<string, unknown>;
}

/**
 * A record of GoTrue in camel case, as the platform's bootstrap makes it (@netlify/serverless-functions-api); roles are read
 * by {@link rolesOf}.
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

function set(value: unknown): string | undefined {
  return text(value) || undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * The roles in a user's `app_metadata`. Operators store a single one as text, too (`"roles": "editor"`), which the platform's
 * bootstrap leaves out: whoever then sets the roles anew would take it away.
 * @returns undefined where there is no list of texts, and no text
 */
export function rolesOf({ roles }: Readonly<Record<string, unknown>>): string[] | undefined {
  if (typeof roles === 'string' && roles !== '') return [roles];
  return isTexts(roles) ? roles : undefined;
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
