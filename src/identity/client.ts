import { DaypassError } from '../protocol/error.ts';
import { isRecord } from '../protocol/knownKeys.ts';
import {
  createTransport,
  type IdentityAnswer,
  type IdentityRequest,
  messageOf,
  retryAfterSeconds,
  unavailable,
} from './transport.ts';
import type { UserId } from './user.ts';

/**
 * GoTrue's REST API, as far as exchange, sweep and status need it.
 *
 * Each call throws a `DaypassError`: `identity_unavailable` if GoTrue did not answer in time or as expected,
 * `operator_token_refused` if it refused the operator token. The cause is a {@link GoTrueError} if GoTrue said why.
 */
export interface IdentityClient extends AdminClient {
  /**
   * `GET /user` with the caller's own token. Only Identity knows whether the user still exists.
   * @returns the record, unchecked
   * @throws {DaypassError} `subject_token_rejected` (401), `subject_token_user_gone` (404), `not_throwaway` (a record too
   * large for a throwaway user), `identity_unavailable`
   */
  getUser(token: string, signal: AbortSignal): Promise<unknown>;
  /** `GET /settings`: what the site's owner has enabled. */
  getSettings(signal: AbortSignal): Promise<IdentitySettings>;
}

/** GoTrue's admin calls, with the platform's operator token. They fail as those of {@link IdentityClient}. */
export interface AdminClient {
  /**
   * `GET /admin/users/{id}`
   * @returns the record, unchecked; undefined if there is no such user
   */
  findUser(id: UserId, operatorToken: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `GET /admin/users`: one page of the users of one audience.
   * @returns `no_filter` if Identity answers 500 to the filter even for an empty page, as GoTrue does on MariaDB: list
   * without it; `too_large` if the page is larger than `maxBytes`
   */
  listUsers(
    page: PageRequest,
    operatorToken: string,
    signal: AbortSignal,
  ): Promise<ListedUsers | 'no_filter' | 'too_large'>;
  /**
   * `POST /admin/users`
   * @param user GoTrue's fields: `email`, `password`, `confirm`, `user_metadata`
   * @returns the new record, unchecked
   */
  createUser(user: object, operatorToken: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `PUT /admin/users/{id}`
   * @param update GoTrue's fields: `email`, `password`, `confirm`, `app_metadata`, `user_metadata`
   * @returns the record after the update, unchecked
   */
  updateUser(id: UserId, update: object, operatorToken: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `DELETE /admin/users/{id}`. GoTrue takes no lock: several deletions at once may all succeed.
   * @returns whether there was such a user
   * @throws {DaypassError} `operator_token_refused`: nothing was deleted; `identity_unavailable`: the user may be gone, since
   * GoTrue answers only after the site's `deleted` handlers, up to 15 s after the deletion
   */
  deleteUser(id: UserId, operatorToken: string, signal: AbortSignal): Promise<boolean>;
}

export interface IdentitySettings {
  registrationOpen: boolean;
  autoconfirm: boolean;
  /** Whether users may sign up and log in with e-mail and password. */
  emailEnabled: boolean;
}

/** A page of the list of users. */
export interface PageRequest {
  /** From 1. */
  page: number;
  /** Users per page. */
  perPage: number;
  /** GoTrue lists one audience at a time; empty for the instance's own. */
  audience: string;
  /** By the time of creation. Default: `oldest` first. */
  order?: 'oldest' | 'newest' | undefined;
  /** Part of the e-mail or full name; case-insensitive, `%` and `_` are wildcards. */
  filter?: string | undefined;
  /** Maximum size of the answer: users may carry any amount of metadata. */
  maxBytes: number;
}

export interface ListedUsers {
  /** The records, unchecked. */
  users: unknown[];
  /** Users on all pages. */
  total: number;
  /** The audience that Identity says it listed. */
  audience: unknown;
}

/** GoTrue's own error answer; the message is its `msg`. */
export class GoTrueError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = `GoTrueError ${status}`;
    this.status = status;
  }
}

/**
 * Far more than a throwaway user's record takes, whose metadata must also fit an Identity token of 4 KB; errors and settings are
 * smaller still.
 */
const maxBytes = 64 * 2 ** 10;

/** Twice the largest user that was seen. MySQL and MariaDB take no statement over 16 MB by default. */
export const maxUserBytes = 32 * 2 ** 20;

/** A page far beyond the end of every list: it shows whether Identity gives lists at all. */
export const emptyPage = 1_000_000_000;

export interface ClientOptions {
  /** The instance's URL, such as `https://example.com/.netlify/identity`, from the site's configuration; never from a request. */
  url: string;
  fetch?: typeof fetch;
}

/** Creates the client of one Identity instance. */
export function createIdentityClient(options: ClientOptions): IdentityClient {
  const send = createTransport(options);

  return {
    ...createAdminClient(options),

    async getUser(token, signal) {
      const answer = await send({ method: 'GET', path: '/user', token, maxBytes, signal });
      const record = recordOf(answer);
      if (record) return record;
      if (answer.status === 200 && answer.isTooLarge) {
        throw new DaypassError('not_throwaway', {
          cause: new Error(`a record of more than ${maxBytes} bytes`),
        });
      }
      // Only GoTrue's own 404 means that the user is gone; a site's 404 page has no `msg`.
      if (messageOf(answer) === undefined) throw unexpected(answer);
      if (answer.status === 401) throw new DaypassError('subject_token_rejected');
      if (answer.status === 404) throw new DaypassError('subject_token_user_gone');
      throw unexpected(answer);
    },

    async getSettings(signal) {
      const answer = await send({ method: 'GET', path: '/settings', maxBytes, signal });
      const settings: GoTrueSettings = recordOf(answer) ?? {};
      if (typeof settings.disable_signup !== 'boolean' || typeof settings.autoconfirm !== 'boolean') {
        throw unexpected(answer);
      }
      return {
        registrationOpen: !settings.disable_signup,
        autoconfirm: settings.autoconfirm,
        emailEnabled: settings.external?.email !== false,
      };
    },
  };
}

/** The admin calls only, for bundles that need no others; see {@link createIdentityClient}. */
export function createAdminClient(options: ClientOptions): AdminClient {
  const send = createTransport(options);

  /** Sends an admin call that GoTrue answers with a JSON object. */
  async function callAdmin(
    request: Pick<IdentityRequest, 'method' | 'path' | 'body'>,
    token: string,
    signal: AbortSignal,
    bytes = maxUserBytes,
  ): Promise<object> {
    const answer = await send({ ...request, token, signal, maxBytes: bytes });
    return recordOf(answer) ?? fail(answer);
  }

  return {
    findUser: (id, operatorToken, signal) =>
      unlessGone(callAdmin({ method: 'GET', path: userPath(id) }, operatorToken, signal)),

    async listUsers(page, operatorToken, signal) {
      const request = (number: number) => {
        const { audience, maxBytes } = page;
        const path = `/admin/users?${listQuery({ ...page, page: number })}`;
        return send({ method: 'GET', path, token: operatorToken, audience, maxBytes, signal });
      };
      const answer = await request(page.page);
      // The filter, the users on the page, or chance may be the reason: an empty page shows which.
      if (page.filter !== undefined && answer.status === 500 && (await request(emptyPage)).status === 500) {
        return 'no_filter';
      }
      if (answer.status === 200 && answer.isTooLarge) return 'too_large';
      const { users, aud: audience }: GoTrueList = recordOf(answer) ?? {};
      const total = answer.headers.get('x-total-count') ?? '';
      if (!Array.isArray(users) || !/^\d+$/.test(total)) return fail(answer);
      return { users, total: Number(total), audience };
    },

    createUser: (body, operatorToken, signal) =>
      callAdmin({ method: 'POST', path: '/admin/users', body }, operatorToken, signal),

    updateUser: (id, body, operatorToken, signal) =>
      callAdmin({ method: 'PUT', path: userPath(id), body }, operatorToken, signal),

    async deleteUser(id, operatorToken, signal) {
      const request = { method: 'DELETE', path: userPath(id) } as const;
      const answer = await unlessGone(callAdmin(request, operatorToken, signal, maxBytes));
      if (answer === undefined) return false;
      // GoTrue answers `{}`; a page that says 200 to everything has deleted no user.
      if (Object.keys(answer).length > 0) throw unavailable('not an answer to a deletion');
      return true;
    },
  };
}

interface GoTrueSettings {
  disable_signup?: unknown;
  autoconfirm?: unknown;
  external?: { email?: unknown } | null;
}

interface GoTrueList {
  users?: unknown;
  aud?: unknown;
}

function userPath(id: UserId): string {
  return `/admin/users/${id}`;
}

function listQuery({ page, perPage, order = 'oldest', filter }: PageRequest): URLSearchParams {
  const sort = `created_at ${order === 'oldest' ? 'asc' : 'desc'}`;
  const query = new URLSearchParams({ page: `${page}`, per_page: `${perPage}`, sort });
  if (filter !== undefined) query.set('filter', filter);
  return query;
}

/** The JSON object with which GoTrue answers 200. */
function recordOf({ status, body }: IdentityAnswer): object | undefined {
  return status === 200 && isRecord(body) ? body : undefined;
}

/** GoTrue's own error, if it is the cause of an error of the client. */
export function goTrueErrorOf(error: unknown): GoTrueError | undefined {
  const cause = (error as Error | null)?.cause;
  return cause instanceof GoTrueError ? cause : undefined;
}

function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  return call.catch((error) => {
    if (goTrueErrorOf(error)?.status === 404) return undefined;
    throw error;
  });
}

/** Throws the error of an admin call. */
function fail(answer: IdentityAnswer): never {
  const error = unexpected(answer);
  if (answer.status !== 401 && answer.status !== 403) throw error;
  throw new DaypassError('operator_token_refused', { retryAfterSeconds, cause: error.cause });
}

function unexpected(answer: IdentityAnswer): DaypassError {
  const { status, isTooLarge } = answer;
  const reason = status < 400 ? undefined : messageOf(answer);
  if (reason !== undefined) return unavailable(new GoTrueError(status, reason));
  return unavailable(`status ${status}${isTooLarge ? ', too large' : ''}`);
}
