import { DaypassError } from '../protocol/error.ts';
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
   * `GET /settings`: what the site's owner has switched on.
   * @throws {DaypassError} `identity_unavailable`
   */
  getSettings(signal: AbortSignal): Promise<IdentitySettings>;
}

export interface IdentitySettings {
  registrationOpen: boolean;
  autoconfirm: boolean;
}

const retryAfterSeconds = 2;

/**
 * A client of one Identity instance.
 * @param options.url the instance's address, such as `https://example.com/.netlify/identity`; fixed by the
 * site's configuration, never taken from a request
 */
export function createIdentityClient(options: { url: string; fetch?: typeof fetch }): IdentityClient {
  const base = options.url.replace(/\/+$/, '');
  const send = options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => fetch(input, init));

  async function call(method: string, path: string, signal: AbortSignal, token?: string): Promise<Response> {
    try {
      const headers: Record<string, string> = { accept: 'application/json' };
      if (token !== undefined) headers.authorization = `Bearer ${token}`;
      // A redirect would carry the operator token to wherever it points.
      return await send(base + path, { method, headers, signal, redirect: 'manual' });
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  return {
    async getUser(token, signal) {
      const response = await call('GET', '/user', signal, token);
      if (response.ok) return readJson(response);
      await discard(response);
      if (response.status === 401) throw new DaypassError('subject_token_rejected');
      if (response.status === 404) throw new DaypassError('subject_token_user_gone');
      throw unavailable(response.status);
    },

    async deleteUser(id, operatorToken, signal) {
      if (!isUserId(id)) throw new TypeError('deleteUser takes a UUID');
      const response = await call('DELETE', `/admin/users/${id}`, signal, operatorToken);
      await discard(response);
      if (response.ok) return true;
      if (response.status === 404) return false;
      if (response.status === 401 || response.status === 403) throw refusedOperator();
      throw unavailable(response.status);
    },

    async getSettings(signal) {
      const response = await call('GET', '/settings', signal);
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

function unavailable(cause: unknown): DaypassError {
  return new DaypassError('identity_unavailable', { retryAfterSeconds, cause });
}
