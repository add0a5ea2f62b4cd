import { ConfigurationError } from '../../protocol/error.ts';
import { assertKnownKeys } from '../../protocol/knownKeys.ts';
import { appMetadataOf, changeFields, checkMetadata, type UserChange } from '../events/change.ts';
import type { User } from '../events/user.ts';
import { isUserId } from '../user.ts';
import { type AccessOptions, createAccess } from './access.ts';
import { checkListOptions, type ListOptions, listPage, listUsers, type UserPage } from './listUsers.ts';
import { readUser } from './readUser.ts';
import { IdentityRefusal } from './refusal.ts';

/** GoTrue ignores `app_metadata` here: give roles by {@link IdentityAdmin.update} once the user is there. */
export interface NewUser {
  email: string;
  password: string;
  /** Whether the user may log in at once, without a mail. Default false. */
  confirm?: boolean;
  userMetadata?: Readonly<Record<string, unknown>>;
}

/** Metadata are merged key by key, null removes a key; what is left out stays. */
export interface UserUpdate extends UserChange {
  email?: string;
  password?: string;
  /** `true` confirms a user who has not been; there is no way back. */
  confirm?: boolean;
}

/**
 * Admin calls. They are made with the token that the platform gives to each call of a function of a site with Identity
 * enabled, and to nothing else: no edge function has it, no browser, no build.
 *
 * Each throws a `DaypassError`: `identity_context_missing` where there is no such token, `identity_unavailable` when
 * Identity does not answer, or not in time (what was to be changed may have been); `IdentityRefusal` with GoTrue's own
 * words when it answers no. An id that is no UUID is a TypeError, and nothing is sent.
 */
export interface IdentityAdmin {
  /** One user; undefined when there is none. */
  get(id: string): Promise<User | undefined>;
  /** Users one after another, asked for page by page as they are needed: break off after as many as you want. */
  list(options?: ListOptions): AsyncGenerator<User, void>;
  /** One page, counted from 1, and how many users there are in all. */
  page(options?: ListOptions & { page?: number }): Promise<UserPage>;
  /** Creates a user, whether or not registration is open. No event tells of it. */
  create(user: NewUser): Promise<User>;
  /** Changes a user. Then the site's `modified` handlers are called, and waited for; they cannot refuse. */
  update(id: string, update: UserUpdate): Promise<User>;
  /** Deletes a user, and tells whether there was one. Then the site's `deleted` handlers are called, and waited for. */
  delete(id: string): Promise<boolean>;
}

/**
 * @param options where Identity is, and with which token
 * @throws {ConfigurationError} a TypeError: the timeout is not above 0
 */
export function createAdmin(options: AccessOptions): IdentityAdmin {
  if (!Number.isFinite(options.timeoutSeconds) || options.timeoutSeconds <= 0) {
    throw new ConfigurationError(['timeoutSeconds must be a number above 0.']);
  }
  const send = createAccess(options);
  return {
    async get(id) {
      const path = pathOf(id);
      return unlessGone(async () => readUser((await send({ method: 'GET', path })).body));
    },

    list(listOptions = {}) {
      // Here, since a generator does nothing before its first user is asked for.
      checkListOptions('A list of users', listOptions);
      return listUsers(send, listOptions);
    },

    page: (pageOptions) => listPage(send, pageOptions),

    async create(user) {
      assertKnownKeys('A new user', user, ['email', 'password', 'confirm', 'userMetadata']);
      const { email, password, confirm = false, userMetadata: user_metadata } = user;
      // GoTrue would take an empty password.
      if (!isText(email) || !isText(password)) {
        throw new ConfigurationError(['A new user needs an email and a password.']);
      }
      checkConfirm(confirm);
      checkMetadata({ userMetadata: user_metadata });
      const body = { email, password, confirm, user_metadata };
      return readUser((await send({ method: 'POST', path: '/admin/users', body })).body);
    },

    async update(id, update) {
      const path = pathOf(id);
      assertKnownKeys('An update', update, [...changeFields, 'email', 'password', 'confirm']);
      const { email, password, confirm, userMetadata: user_metadata } = update;
      for (const [name, value] of Object.entries({ email, password })) {
        if (value !== undefined && !isText(value)) throw new ConfigurationError([`${name} must be a text.`]);
      }
      checkConfirm(confirm);
      const body = { email, password, confirm, app_metadata: appMetadataOf(update), user_metadata };
      return readUser((await send({ method: 'PUT', path, body })).body);
    },

    async delete(id) {
      const path = pathOf(id);
      return (await unlessGone(() => send({ method: 'DELETE', path }))) !== undefined;
    },
  };
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function checkConfirm(confirm: unknown): void {
  if (confirm !== undefined && typeof confirm !== 'boolean') {
    throw new ConfigurationError(['confirm must be true or false.']);
  }
}

function pathOf(id: string): string {
  if (!isUserId(id)) throw new TypeError("A user's id is a UUID in lower case.");
  return `/admin/users/${id}`;
}

async function unlessGone<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof IdentityRefusal && error.identityStatus === 404) return undefined;
    throw error;
  }
}
