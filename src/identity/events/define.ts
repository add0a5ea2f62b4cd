import { ConfigurationError } from '../../protocol/error.ts';
import { assertKnownKeys } from '../../protocol/knownKeys.ts';
import { applyChange, type UserChange } from './change.ts';
import type { DeniableEvent, IdentityEventHandlers } from './handlers.ts';
import { denialProblem, type EventName, eventNames, isPastEvent, type PastEvent } from './names.ts';
import { rolesOf, type User } from './user.ts';

/** A user as @netlify/types has it: all but the id may be missing. */
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

/** For each handler that was given, the property that Netlify calls. */
export type IdentityEventFunctions<Handlers> = {
  [Name in keyof Handlers &
    EventName as (typeof eventNames)[Name]['netlify']]: PlatformFunctions[(typeof eventNames)[Name]['netlify']];
};

/**
 * Event functions for Netlify Identity. A reply keeps `provider`, the roles and all other metadata, unless the handler
 * changes them. (GoTrue by itself replaces the whole of both: what a reply leaves out is lost.)
 *
 * Netlify finds out at build time which events a function wants, by reading its source: the default export must be an
 * object literal that names them. The result of a call is not one; nobody would call it.
 * ```ts
 * const { userValidate, userLogin } = defineIdentityEvents({ validate: addRoles('member'), login: remember });
 * export default { userValidate, userLogin };
 * ```
 * @throws {ConfigurationError} a TypeError: no handler, an unknown one, or one that is no function
 */
export function defineIdentityEvents<Handlers extends IdentityEventHandlers>(
  handlers: Handlers & { [Name in Exclude<keyof Handlers, EventName>]: never },
): IdentityEventFunctions<Handlers> {
  assertKnownKeys('defineIdentityEvents', handlers, Object.keys(eventNames));
  const given = Object.entries(handlers) as [EventName, Handler][];
  if (given.length === 0) throw new ConfigurationError(['defineIdentityEvents needs at least one handler.']);
  const functions = given.map(([name, handler]) => {
    if (typeof handler !== 'function') {
      throw new ConfigurationError([`The handler ${name} must be a function.`]);
    }
    return [eventNames[name].netlify, name === 'deleted' ? withoutReply(handler) : withReply(name, handler)];
  });
  return Object.fromEntries(functions);
}

function withReply(name: EventName, handler: Handler) {
  return async (event: { user: PlatformUser; deny?(): undefined }): Reply => {
    const deny = () => event.deny?.();
    const handled = isPastEvent(name) ? pastEvent(name, event) : { user: complete(event.user), deny };
    const change = (await handler(handled as DeniableEvent)) ?? undefined;
    const metadata = change === undefined ? undefined : applyChange(event.user, change);
    // GoTrue reads the metadata alone. `roles`, `provider`, `name` and `pictureUrl` would win over them.
    return metadata && { user: { id: event.user.id, ...metadata } };
  };
}

function withoutReply(handler: Handler) {
  return async (event: { user: PlatformUser }): Promise<undefined> => {
    await handler(pastEvent('deleted', event));
  };
}

/**
 * The platform leaves a role out that is stored as text: a handler that sets the roles anew would take it away. A user without
 * an e-mail has an empty one, as `User` says.
 */
function complete(user: PlatformUser): PlatformUser {
  const roles = rolesOf(user.appMetadata ?? {});
  return { ...user, email: user.email ?? '', ...(roles && { roles }) } as PlatformUser;
}

/** The platform offers a denial for every event; here it would be believed by nobody, in silence. */
function pastEvent(name: PastEvent, { user }: { user: PlatformUser }): DeniableEvent {
  return {
    user: complete(user) as User,
    deny(): never {
      throw new ConfigurationError([denialProblem(name)]);
    },
  };
}
