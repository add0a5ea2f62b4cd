import { ConfigurationError } from '../protocol/error.ts';
import { assertFunctions } from '../protocol/knownKeys.ts';
import {
  applyChange,
  type DeniableEvent,
  denialProblem,
  type EventName,
  eventNames,
  type IdentityEventHandlers,
  isPastEvent,
  type PastEvent,
  type UserChange,
} from './events.ts';
import { rolesOf, type User } from './user.ts';

/** A user as @netlify/types has it: only the id is certain. */
interface PlatformUser {
  id: string;
  email?: string;
  createdAt?: string;
  appMetadata?: Record<string, unknown>;
  userMetadata?: Record<string, unknown>;
}

type Handler = (event: DeniableEvent) => UserChange | undefined;

type Reply = Promise<{ user: PlatformUser } | undefined>;

interface PlatformFunctions {
  userValidate(event: { user: PlatformUser; deny(): undefined }): Reply;
  userSignup(event: { user: PlatformUser; deny(): undefined }): Reply;
  userLogin(event: { user: PlatformUser; deny(): undefined }): Reply;
  userModified(event: { user: PlatformUser }): Reply;
  userDeleted(event: { user: PlatformUser }): Promise<undefined>;
}

/** The property that Netlify calls, for each handler given. */
export type IdentityEventFunctions<Handlers> = {
  [Name in keyof Handlers &
    EventName as (typeof eventNames)[Name]['netlify']]: PlatformFunctions[(typeof eventNames)[Name]['netlify']];
};

/**
 * Event functions for Netlify Identity. A reply keeps `provider`, the roles and all other metadata, unless the handler
 * changes them. (GoTrue itself replaces both objects: whatever a reply leaves out is lost.)
 *
 * Netlify reads the source at build time to find out which events a function handles: the default export must be an
 * object literal that names them. A default export of the call's result works when called, but Netlify never calls it.
 * @param handlers the site's handlers, by event
 * @returns an event function for each handler, under the name that Netlify calls
 * @throws {ConfigurationError} a TypeError: no handler, an unknown one, or one that is not a function
 * @example
 * ```ts
 * // netlify/functions/identity.ts
 * import { addRoles, defineIdentityEvents } from 'daypass/identity';
 *
 * const { userValidate, userLogin } = defineIdentityEvents({
 *   validate: addRoles('member'),
 *   login: () => ({ appMetadata: { last_login: new Date().toISOString() } }),
 * });
 *
 * export default { userValidate, userLogin };
 * ```
 */
export function defineIdentityEvents<Handlers extends IdentityEventHandlers>(
  handlers: Handlers & { [Name in Exclude<keyof Handlers, EventName>]: never },
): IdentityEventFunctions<Handlers> {
  assertHandlers('defineIdentityEvents', handlers);
  const given = Object.entries(handlers) as [EventName, Handler][];
  if (given.length === 0) throw new ConfigurationError(['defineIdentityEvents needs at least one handler.']);
  const functions = given.map(([name, handler]) => [
    eventNames[name].netlify,
    name === 'deleted' ? withoutReply(handler) : withReply(name, handler),
  ]);
  return Object.fromEntries(functions);
}

/**
 * @param what names the caller's function in the error
 * @throws {ConfigurationError} a TypeError: an unknown handler, or one that is not a function
 */
export function assertHandlers(what: string, handlers: IdentityEventHandlers): void {
  assertFunctions(what, handlers, Object.keys(eventNames));
}

function withReply(name: EventName, handler: Handler) {
  return async (event: { user: PlatformUser; deny?(): undefined }): Reply => {
    const deny = () => event.deny?.();
    const handled = isPastEvent(name) ? pastEvent(name, event) : { user: complete(event.user), deny };
    const change = (await handler(handled as DeniableEvent)) ?? undefined;
    const metadata = change === undefined ? undefined : applyChange(event.user, change);
    // The platform would let `roles`, `provider`, `name` and `pictureUrl` override the metadata, and GoTrue reads only these.
    return metadata && { user: { id: event.user.id, ...metadata } };
  };
}

function withoutReply(handler: Handler) {
  return async (event: { user: PlatformUser }): Promise<undefined> => {
    await handler(pastEvent('deleted', event));
  };
}

/** Adds a role stored as a string, which the platform drops, and the empty e-mail that `User` promises. */
function complete(user: PlatformUser): PlatformUser {
  const roles = rolesOf(user.appMetadata ?? {});
  return { ...user, email: user.email ?? '', ...(roles && { roles }) } as PlatformUser;
}

/** The platform offers `deny()` for every event; for these GoTrue would silently ignore it. */
function pastEvent(name: PastEvent, { user }: { user: PlatformUser }): DeniableEvent {
  return {
    user: complete(user) as User,
    deny(): never {
      throw new ConfigurationError([denialProblem(name)]);
    },
  };
}
