import { DaypassError } from '../protocol/error.ts';
import {
  createTransport,
  type IdentityAnswer,
  messageOf,
  retryAfterSeconds,
  unavailable,
} from './transport.ts';
import { isUserId } from './user.ts';

/** The parts of GoTrue's REST API that the broker needs. */
export interface IdentityClient {
  /**
   * `GET /user` with the caller's own token: only Identity knows whether the user still exists.
   * @returns the record as it came, unchecked
   * @throws {DaypassError} `subject_token_rejected` (401), `subject_token_user_gone` (404), `not_throwaway` for a record
   * larger than that of a throwaway user, `identity_unavailable` (anything else, and no answer in time)
   */
  getUser(token: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `GET /admin/users/{id}` with the platform's operator token.
   * @returns the record as it came, unchecked; undefined when there is no such user
   * @throws {DaypassError} `identity_unavailable`, `operator_token_refused`
   */
  findUser(id: string, operatorToken: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `DELETE /admin/users/{id}` with the platform's operator token. No lock: several at once may all succeed.
   * @returns whether there was such a user
   * @throws {DaypassError} `operator_token_refused`: nothing was done; `identity_unavailable`: the user may be gone, since
   * GoTrue answers after the site's own `deleted` handlers, up to 15 s behind the deletion
   */
  deleteUser(id: string, operatorToken: string, signal: AbortSignal): Promise<boolean>;
  /**
   * `GET /admin/users` with the platform's operator token: one page of the users of one audience, oldest first.
   * @returns `no_filter` when Identity answers 500 to the filter, also of a page that holds nobody, as GoTrue does on
   * MariaDB: ask without it; `too_large` when the page holds more than `maxBytes`
   * @throws {DaypassError} `identity_unavailable`, `operator_token_refused`
   */
  listUsers(
    page: PageRequest,
    operatorToken: string,
    signal: AbortSignal,
  ): Promise<ListedUsers | 'no_filter' | 'too_large'>;
  /**
   * `GET /settings`: what the site's owner has switched on.
   * @throws {DaypassError} `identity_unavailable`
   */
  getSettings(signal: AbortSignal): Promise<IdentitySettings>;
}

export interface IdentitySettings {
  registrationOpen: boolean;
  autoconfirm: boolean;
  /** Whether users may sign up and log in with e-mail and password. */
  emailEnabled: boolean;
}

/** Which part of the list of users. */
export interface PageRequest {
  /** From 1. */
  page: number;
  /** Users a page. */
  perPage: number;
  /** GoTrue lists one audience at a time; empty names the instance's own. */
  audience: string;
  /** A part of the e-mail or the full name, where case does not count and `%` and `_` stand for others. */
  filter?: string | undefined;
  /** Bytes of the answer that are read at most: users carry as much metadata as they like. */
  maxBytes: number;
}

export interface ListedUsers {
  /** The records as they came, unchecked. */
  users: unknown[];
  /** Users on all pages. */
  total: number;
  /** The audience that was listed, as Identity says. */
  audience: unknown;
}

/**
 * Far more than an answer about one throwaway user, whose metadata stand in an Identity token of 4 KB as well; that of an
 * error and of the settings is shorter still.
 */
const maxBytes = 64 * 2 ** 10;

/** A page far behind the end, which holds nobody: asking for it tells whether Identity gives lists at all. */
export const emptyPage = 1_000_000_000;

/** As much as the sweep reads of one user: see `listUsers`. */
const maxBytesOfOne = 32 * 2 ** 20;

/**
 * A client of one Identity instance.
 * @param options.url the instance's address, such as `https://example.com/.netlify/identity`; fixed by the
 * site's configuration, never taken from a request
 */
export function createIdentityClient(options: { url: string; fetch?: typeof fetch }): IdentityClient {
  const call = createTransport({ ...options, url: () => options.url });

  return {
    async getUser(token, signal) {
      const answer = await call({ method: 'GET', path: '/user', token, maxBytes, signal });
      if (isRecord(answer)) return answer.body;
      if (answer.status === 200 && answer.isTooLarge) {
        throw new DaypassError('not_throwaway', {
          cause: new Error(`a record of more than ${maxBytes} bytes`),
        });
      }
      // A 404 of GoTrue says that the user is gone; one of whatever stands in its place says nothing.
      if (messageOf(answer) === undefined) throw unexpected(answer);
      if (answer.status === 401) throw new DaypassError('subject_token_rejected');
      if (answer.status === 404) throw new DaypassError('subject_token_user_gone');
      throw unexpected(answer);
    },

    async findUser(id, operatorToken, signal) {
      const path = pathOf(id);
      const answer = await call({
        method: 'GET',
        path,
        token: operatorToken,
        maxBytes: maxBytesOfOne,
        signal,
      });
      if (isRecord(answer)) return answer.body;
      if (answer.status === 404 && messageOf(answer) !== undefined) return undefined;
      throw refusedOperator(answer) ?? unexpected(answer);
    },

    async deleteUser(id, operatorToken, signal) {
      const answer = await call({
        method: 'DELETE',
        path: pathOf(id),
        token: operatorToken,
        maxBytes,
        signal,
      });
      // GoTrue answers `{}`: a page that says 200 to everything has deleted nobody.
      if (isRecord(answer) && Object.keys(answer.body as object).length === 0) return true;
      if (answer.status === 404 && messageOf(answer) !== undefined) return false;
      throw refusedOperator(answer) ?? unexpected(answer);
    },

    async listUsers({ page, perPage, audience, filter, maxBytes }, operatorToken, signal) {
      const request = (page: number) => {
        const query = new URLSearchParams({
          page: `${page}`,
          per_page: `${perPage}`,
          sort: 'created_at asc',
        });
        if (filter !== undefined) query.set('filter', filter);
        const path = `/admin/users?${query}`;
        return call({ method: 'GET', path, token: operatorToken, audience, maxBytes, signal });
      };
      const answer = await request(page);
      // It failed over the filter, over those on the page, or by chance: a page that holds nobody tells.
      if (filter !== undefined && answer.status === 500 && (await request(emptyPage)).status === 500) {
        return 'no_filter';
      }
      if (answer.status === 200 && answer.isTooLarge) return 'too_large';
      const { users, aud } = isRecord(answer) ? (answer.body as { users?: unknown; aud?: unknown }) : {};
      const total = answer.headers.get('x-total-count') ?? '';
      if (!Array.isArray(users) || !/^\d+$/.test(total)) throw refusedOperator(answer) ?? unexpected(answer);
      return { users, total: Number(total), audience: aud };
    },

    async getSettings(signal) {
      const answer = await call({ method: 'GET', path: '/settings', maxBytes, signal });
      const settings = isRecord(answer) ? (answer.body as GoTrueSettings) : {};
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

interface GoTrueSettings {
  disable_signup?: unknown;
  autoconfirm?: unknown;
  external?: { email?: unknown } | null;
}

function pathOf(id: string): string {
  if (!isUserId(id)) throw new TypeError('A user of Identity is named by a UUID');
  return `/admin/users/${id}`;
}

/** Whether GoTrue said yes: 200 with a JSON object. */
function isRecord({ status, body }: IdentityAnswer): boolean {
  return status === 200 && typeof body === 'object' && body !== null && !Array.isArray(body);
}

function unexpected({ status, isTooLarge }: IdentityAnswer): DaypassError {
  return unavailable(`status ${status}${isTooLarge ? ', too large' : ''}`);
}

function refusedOperator({ status }: IdentityAnswer): DaypassError | undefined {
  if (status !== 401 && status !== 403) return undefined;
  return new DaypassError('operator_token_refused', { retryAfterSeconds });
}
