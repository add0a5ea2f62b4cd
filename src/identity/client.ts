import { DaypassError } from '../protocol/error.ts';
import { createTransport, retryAfterSeconds, unavailable } from './transport.ts';
import { isUserId } from './user.ts';

/** The parts of GoTrue's REST API that the broker needs. */
export interface IdentityClient {
  /**
   * `GET /user` with the caller's own token: only Identity knows whether the user still exists.
   * @returns the record as it came, unchecked
   * @throws {DaypassError} `subject_token_rejected` (401), `subject_token_user_gone` (404),
   * `identity_unavailable` (anything else, and no answer in time)
   */
  getUser(token: string, signal: AbortSignal): Promise<unknown>;
  /**
   * `DELETE /admin/users/{id}` with the platform's operator token. No lock: several at once may all succeed.
   * @returns whether there was such a user
   * @throws {DaypassError} `identity_unavailable`
   */
  deleteUser(id: string, operatorToken: string, signal: AbortSignal): Promise<boolean>;
  /**
   * `GET /admin/users` with the platform's operator token: one page of the users of one audience, oldest first.
   * @returns undefined when Identity fails over the filter twice with 500, as GoTrue always does on MariaDB: ask without it
   * @throws {DaypassError} `identity_unavailable`
   */
  listUsers(page: PageRequest, operatorToken: string, signal: AbortSignal): Promise<ListedUsers | undefined>;
  /**
   * `GET /settings`: what the site's owner has switched on.
   * @throws {DaypassError} `identity_unavailable`
   */
  getSettings(signal: AbortSignal): Promise<IdentitySettings>;
}

export interface IdentitySettings {
  registrationOpen: boolean;
  autoconfirm: boolean;
}

/** Which part of the list of users. */
export interface PageRequest {
  /** From 1. */
  page: number;
  /** Users a page. */
  perPage: number;
  /** GoTrue lists one audience at a time; the default one is empty. */
  audience: string;
  /** A part of the e-mail or the full name, where case does not count and `%` and `_` stand for others. */
  filter?: string;
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
 * A client of one Identity instance.
 * @param options.url the instance's address, such as `https://example.com/.netlify/identity`; fixed by the
 * site's configuration, never taken from a request
 */
export function createIdentityClient(options: { url: string; fetch?: typeof fetch }): IdentityClient {
  const call = createTransport({ ...options, url: () => options.url });

  return {
    async getUser(token, signal) {
      const response = await call({ method: 'GET', path: '/user', token, signal });
      if (response.ok) return readJson(response);
      await discard(response);
      if (response.status === 401) throw new DaypassError('subject_token_rejected');
      if (response.status === 404) throw new DaypassError('subject_token_user_gone');
      throw unavailable(response.status);
    },

    async deleteUser(id, operatorToken, signal) {
      if (!isUserId(id)) throw new TypeError('deleteUser takes a UUID');
      const response = await call({
        method: 'DELETE',
        path: `/admin/users/${id}`,
        token: operatorToken,
        signal,
      });
      await discard(response);
      if (response.ok) return true;
      if (response.status === 404) return false;
      if (response.status === 401 || response.status === 403) throw refusedOperator();
      throw unavailable(response.status);
    },

    async listUsers({ page, perPage, audience, filter }, operatorToken, signal) {
      const query = new URLSearchParams({ page: `${page}`, per_page: `${perPage}`, sort: 'created_at asc' });
      if (filter !== undefined) query.set('filter', filter);
      const path = `/admin/users?${query}`;
      const ask = () => call({ method: 'GET', path, token: operatorToken, audience, signal });
      let response = await ask();
      if (filter !== undefined && response.status === 500) {
        await discard(response);
        // Any Identity may fail once.
        response = await ask();
        if (response.status === 500) {
          await discard(response);
          return undefined;
        }
      }
      if (!response.ok) {
        await discard(response);
        if (response.status === 401 || response.status === 403) throw refusedOperator();
        throw unavailable(response.status);
      }
      const body = (await readJson(response)) as { users?: unknown; aud?: unknown } | null;
      const total = response.headers.get('x-total-count') ?? '';
      if (!Array.isArray(body?.users) || !/^\d+$/.test(total)) throw unavailable('no list of GoTrue');
      return { users: body.users, total: Number(total), audience: body.aud };
    },

    async getSettings(signal) {
      const response = await call({ method: 'GET', path: '/settings', signal });
      if (!response.ok) {
        await discard(response);
        throw unavailable(response.status);
      }
      const settings = (await readJson(response)) as {
        disable_signup?: unknown;
        autoconfirm?: unknown;
      } | null;
      if (typeof settings?.disable_signup !== 'boolean' || typeof settings.autoconfirm !== 'boolean') {
        throw unavailable('no settings of GoTrue');
      }
      return { registrationOpen: !settings.disable_signup, autoconfirm: settings.autoconfirm };
    },
  };
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** Frees the connection of an answer that nobody reads. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function refusedOperator(): DaypassError {
  return new DaypassError('identity_unavailable', {
    detail: 'Identity refused the operator token of the site.',
    retryAfterSeconds,
  });
}
