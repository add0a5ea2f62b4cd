import { ConfigurationError } from '../protocol/error.ts';
import { assertKnownKeys, isRecord } from '../protocol/knownKeys.ts';
import type { IdentityEvent, UserChange } from './events.ts';

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
