import type { IdentityEventHandlers } from '../identity/events.ts';
import { hasThrowawayEmail } from '../identity/throwaway.ts';
import { ConfigurationError } from '../protocol/error.ts';

type Handler = (event: { user: { email: string } }) => unknown;

/**
 * A site's handlers, none of which is called for a throwaway user: with a role it would be a member and could not be
 * exchanged, and each exchange waits for `deleted`.
 * @param emailDomain domain of throwaway e-mails, in lower case
 * @throws {ConfigurationError} a TypeError: a handler is no function
 */
export function membersOnly<Handlers extends IdentityEventHandlers>(
  handlers: Handlers,
  emailDomain: string,
): Handlers {
  const wrapped = (Object.entries(handlers) as [string, Handler][]).map(([name, handler]) => {
    if (typeof handler !== 'function') {
      throw new ConfigurationError([`The handler ${name} must be a function.`]);
    }
    const ofMembers: Handler = (event) =>
      hasThrowawayEmail(event.user.email, emailDomain) ? undefined : handler(event);
    return [name, ofMembers];
  });
  return Object.fromEntries(wrapped);
}
