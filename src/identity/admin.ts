import { DaypassError } from '../protocol/error.ts';
import { assertOptions, isRecord, type OptionRule } from '../protocol/knownKeys.ts';
import { type AdminClient, goTrueErrorOf, maxUserBytes } from './client.ts';
import { appMetadataOf, changeFields, type UserChange } from './events.ts';
import { unavailable } from './transport.ts';
import { isUserId, toUser, type User, type UserId, type UserRecord } from './user.ts';

/** GoTrue ignores `app_metadata` here: give roles with {@link IdentityAdmin.update} once the user exists. */
export interface NewUser {
  email: string;
  password: string;
  /** Whether the user may log in at once, without a confirmation e-mail. Default false. */
  confirm?: boolean;
  userMetadata?: Readonly<Record<string, unknown>>;
}

/** Metadata are merged key by key, null removes a key; what is left out stays. */
export interface UserUpdate extends UserChange {
  email?: string;
  password?: string;
  /** `true` confirms an unconfirmed user; this cannot be undone. */
  confirm?: boolean;
}

export interface ListOptions {
  /**
   * Part of the e-mail or of `userMetadata.full_name`; case-insensitive, `%` and `_` are wildcards (SQL's LIKE on MySQL).
   * Default: all users.
   */
  filter?: string;
  /** By the time of creation, to the second. Default: `oldest` first. */
  order?: 'oldest' | 'newest';
  /** Users per request, 1 to 1000. Default 100. */
  perPage?: number;
}

export interface UserPage {
  /** `perPage` users; fewer on the last page, or if the server limits its pages. */
  users: User[];
  /** Users on all pages. */
  total: number;
}

/**
 * Admin calls. They need the operator token that Netlify gives to each function invocation on a site with Identity. Edge
 * functions, browsers and builds have none.
 *
 * Each throws a `DaypassError`: `identity_context_missing` if there is no operator token; `identity_unavailable` if Identity
 * does not answer, or not in time (a change may still have been made); an {@link IdentityRefusal} with GoTrue's own message if
 * it refuses. An id that is not a UUID is a TypeError, and nothing is sent.
 */
export interface IdentityAdmin {
  /** One user; undefined if there is none. */
  get(id: string): Promise<User | undefined>;
  /** All users, one by one. Pages are requested as needed, so you may stop at any time. */
  list(options?: ListOptions): AsyncGenerator<User, void>;
  /** One page, from 1, and the number of users on all pages. */
  page(options?: ListOptions & { page?: number }): Promise<UserPage>;
  /** Creates a user, even if registration is closed. Calls no event function. */
  create(user: NewUser): Promise<User>;
  /** Changes a user. Waits for the site's `modified` handlers, which cannot refuse. */
  update(id: string, update: UserUpdate): Promise<User>;
  /** Deletes a user; false if there was none. Waits for the site's `deleted` handlers. */
  delete(id: string): Promise<boolean>;
}

/**
 * GoTrue refused an admin call: `message` is its `msg`, `code` is `identity_refused`.
 * @example
 * ```ts
 * import { createIdentityAdmin, IdentityRefusal } from 'daypass/identity';
 *
 * const admin = createIdentityAdmin();
 *
 * export async function isTaken(email: string, password: string): Promise<boolean> {
 *   try {
 *     await admin.create({ email, password, confirm: true });
 *     return false;
 *   } catch (error) {
 *     if (error instanceof IdentityRefusal && error.identityStatus === 422) return true;
 *     throw error;
 *   }
 * }
 * ```
 */
export class IdentityRefusal extends DaypassError {
  /** HTTP status of GoTrue's answer: 401 for the operator token, 404 for an unknown user, 422 for invalid input. */
  readonly identityStatus: number;

  constructor(identityStatus: number, message: string) {
    super('identity_refused', { detail: message });
    this.name = 'IdentityRefusal';
    this.identityStatus = identityStatus;
  }
}

export interface AdminOptions {
  /** The client of the site's Identity, looked up at each call. */
  client: () => AdminClient;
  /** The operator token of this invocation; undefined if the platform gave none. */
  operatorToken: () => string | undefined;
  /** Seconds for one request to Identity. */
  timeoutSeconds: number;
}

const maxPerPage = 1000;

export function createAdmin({ client, operatorToken, timeoutSeconds }: AdminOptions): IdentityAdmin {
  async function call<T>(
    request: (client: AdminClient, operatorToken: string, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const token = operatorToken();
    if (token === undefined) throw new DaypassError('identity_context_missing');
    try {
      return await request(client(), token, AbortSignal.timeout(timeoutSeconds * 1000));
    } catch (error) {
      const answer = goTrueErrorOf(error);
      throw answer ? new IdentityRefusal(answer.status, answer.message) : error;
    }
  }

  async function readPage({ page = 1, perPage = 100, order, filter }: PageOptions): Promise<UserPage> {
    const request = {
      page,
      perPage,
      order,
      audience: '',
      filter: filter || undefined,
      maxBytes: maxUserBytes,
    };
    const listed = await call((identity, ...rest) => identity.listUsers(request, ...rest));
    if (listed === 'no_filter') throw new IdentityRefusal(500, 'Identity cannot filter.');
    if (listed === 'too_large') {
      throw new DaypassError('identity_unavailable', {
        detail: 'The page is too large; set a smaller perPage.',
      });
    }
    return { users: listed.users.map(readUser), total: listed.total };
  }

  return {
    async get(id) {
      const record = await call((identity, ...rest) => identity.findUser(checkId(id), ...rest));
      return record === undefined ? undefined : readUser(record);
    },

    list(options = {}) {
      // Here, since a generator does nothing until its first user is requested.
      assertOptions('A list of users', options, listRules);
      return listAll((page) => readPage({ ...options, ...page }), options.perPage);
    },

    async page(options = {}) {
      assertOptions('A page of users', options, pageRules);
      return readPage(options);
    },

    async create(user) {
      assertOptions('A new user', user, newUserRules);
      const { email, password, confirm = false, userMetadata: user_metadata } = user;
      const body = { email, password, confirm, user_metadata };
      return readUser(await call((identity, ...rest) => identity.createUser(body, ...rest)));
    },

    async update(id, update) {
      assertOptions('An update', update, updateRules, changeFields);
      const { email, password, confirm, userMetadata: user_metadata } = update;
      const body = { email, password, confirm, app_metadata: appMetadataOf(update), user_metadata };
      return readUser(await call((identity, ...rest) => identity.updateUser(checkId(id), body, ...rest)));
    },

    delete: (id) => call((identity, ...rest) => identity.deleteUser(checkId(id), ...rest)),
  };
}

type PageOptions = ListOptions & { page?: number };

/**
 * All users, page by page, each once, up to the total that Identity reports or to an empty page. Deleting users meanwhile moves
 * the others to pages that were already read. Those pages are read again, backwards, so no user is skipped, though such users
 * come late. A user can only be missed if as many sign up as are deleted between two pages.
 */
async function* listAll(
  readPage: (page: { page: number; perPage: number }) => Promise<UserPage>,
  perPage = 100,
): AsyncGenerator<User, void> {
  const seen = new Set<string>();
  const unseen = (users: User[]) => users.filter(({ id }) => !seen.has(id) && seen.add(id));
  let total = 0;
  for (let page = 1; ; ) {
    const current = await readPage({ page, perPage });
    yield* unseen(current.users);
    const pagesMoved = Math.ceil((total - current.total) / perPage);
    for (let back = 1; back <= pagesMoved && back < page; back += 1) {
      yield* unseen((await readPage({ page: page - back, perPage })).users);
    }
    total = current.total;
    const given = current.users.length;
    const end = (page - 1) * perPage + given;
    if (given === 0 || end >= total) return;
    // A server that limits its pages, or has a fixed size, may skip by its own size or by the requested one. Requesting the
    // size that it gave is right for both. The page with the next user may begin before that user.
    perPage = Math.min(given, maxPerPage);
    page = Math.floor(end / perPage) + 1;
  }
}

/** An id from elsewhere could lead to another path. */
function checkId(id: string): UserId {
  if (!isUserId(id)) throw new TypeError("A user's id is a UUID in lower case.");
  return id;
}

/** A record without an e-mail (in a database that others write to) is still a user. */
function readUser(body: unknown): User {
  const record = body as UserRecord | null;
  if (!isUserId(record?.id) || typeof record.created_at !== 'string') {
    throw unavailable('the answer holds no user of GoTrue');
  }
  return toUser(record);
}

const listRules = {
  filter: ['a string', (value) => typeof value === 'string'],
  order: ['oldest or newest', (value) => value === 'oldest' || value === 'newest'],
  perPage: [`a whole number from 1 to ${maxPerPage}`, (value) => isWholeNumber(value, maxPerPage)],
} as const satisfies Record<keyof ListOptions, OptionRule>;

const pageRules = {
  ...listRules,
  page: ['a whole number from 1', (value) => isWholeNumber(value, Infinity)],
} as const satisfies Record<keyof PageOptions, OptionRule>;

function isWholeNumber(value: unknown, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= max;
}

// GoTrue would take an empty password, say, as it is.
const text: readonly [string, OptionRule[1]] = [
  'a non-empty string',
  (value) => typeof value === 'string' && value !== '',
];
const updateRules = {
  email: text,
  password: text,
  confirm: ['true or false', (value) => typeof value === 'boolean'],
} as const satisfies Record<string, OptionRule>;
const required: OptionRule = [...text, 'required'];
const newUserRules = {
  ...updateRules,
  email: required,
  password: required,
  userMetadata: ['an object', isRecord],
} as const satisfies Record<string, OptionRule>;
