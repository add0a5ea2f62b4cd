import { ConfigurationError } from '../../protocol/error.ts';
import { checkRoles, type UserChange } from './change.ts';
import type { IdentityEvent } from './handlers.ts';

/**
 * A handler that gives roles to whoever the event is about, beside those that they have: as `validate`, to every new
 * user, before the first Identity token is issued. Other handlers may return what it returns: `addRoles('a')(event)`.
 *
 * Give none to the throwaway users of Daypass: with a role they are taken for members and refused.
 * @throws {ConfigurationError} a TypeError: no role, or an empty one
 */
export function addRoles(...roles: [string, ...string[]]): (event: IdentityEvent) => UserChange | undefined {
  checkRoles(roles);
  if (roles.length === 0) throw new ConfigurationError(['addRoles takes at least one role.']);
  return ({ user }) => {
    const stored: unknown = user.appMetadata?.roles;
    // One that is stored as text, and the texts of a list that holds other things too, are in no `user.roles`.
    const listed: unknown[] = [stored ?? user.roles].flat();
    const current = listed.filter((role): role is string => typeof role === 'string' && role !== '');
    const missing = roles.filter((role) => !current.includes(role));
    return missing.length === 0 ? undefined : { roles: [...current, ...new Set(missing)] };
  };
}
