import { ConfigurationError } from '../../protocol/error.ts';
import { assertKnownKeys, isRecord } from '../../protocol/knownKeys.ts';

type Metadata = Readonly<Record<string, unknown>>;

/** What becomes of a user's metadata. All else that GoTrue keeps of a user is out of an event function's reach. */
export interface UserChange {
  /** All roles from now on; `[]` takes them away. Left out, they stay. */
  readonly roles?: readonly string[];
  /** Merged into `appMetadata` key by key; null removes a key. `provider` and `roles` stay unless named. */
  readonly appMetadata?: Metadata;
  /** Merged into `userMetadata` key by key; null removes a key. */
  readonly userMetadata?: Metadata;
}

export const changeFields = ['roles', 'appMetadata', 'userMetadata'] as const;

/**
 * The `appMetadata` of a change with its `roles` in it.
 * @throws {ConfigurationError} a TypeError: a field is of the wrong type, or roles are in `appMetadata` too
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

/**
 * Metadata as they are after a change.
 * @returns undefined when nothing was to change
 * @throws {ConfigurationError} a TypeError: the change is none
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

/** @throws {ConfigurationError} a TypeError */
export function checkMetadata(metadata: Record<string, unknown>): void {
  for (const [field, value] of Object.entries(metadata)) {
    if (value !== undefined && !isRecord(value))
      throw new ConfigurationError([`${field} must be an object.`]);
  }
}

/** @throws {ConfigurationError} a TypeError */
export function checkRoles(roles: readonly string[]): void {
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string' && role !== '')) {
    throw new ConfigurationError(['roles must be a list of texts that are not empty.']);
  }
}

function merge(current: Metadata = {}, updates: Metadata = {}): Record<string, unknown> {
  const merged = Object.entries({ ...current, ...updates });
  return Object.fromEntries(merged.filter(([key, value]) => value !== null || !Object.hasOwn(updates, key)));
}
