// biome-ignore assist/source/organizeImports: it has to look at the page before gotrue-js changes it
import { restoreGoTrue } from './globalGoTrue.ts';
import GoTrue from 'gotrue-js';
import { proofField } from '../src/protocol/messages.ts';
import { emailNotConfirmed, ifAbsent, SessionError, toSessionError } from './errors.ts';
import type { ProofContext, Prove, Settings } from './options.ts';
import { requestTimeout } from './timing.ts';

restoreGoTrue();

/** What of gotrue-js is used: its transport. `login()` and `User` would sign the page's own member out. */
export interface Identity {
  /** @param options handed on to `fetch`, all of them */
  request<Answer>(path: string, options: RequestOptions): Promise<Answer>;
}

interface RequestOptions {
  method: 'POST';
  headers: Record<string, string>;
  body: string;
  signal: AbortSignal;
}

/** @param identityUrl where Identity answers */
export function openIdentity(identityUrl: string): Identity {
  const { api } = new GoTrue({ APIUrl: identityUrl, setCookie: false });
  // It names gotrue-js in a field that no answer to a preflight allows, should Identity be on another origin.
  api.defaultHeaders = {};
  return api;
}

/**
 * Makes the proof of one sign-up.
 * @returns undefined when the site requires none, or the page has no `prove`
 * @throws SessionError
 */
export async function makeProof(
  prove: Prove | undefined,
  context: ProofContext,
): Promise<string | undefined> {
  try {
    return await prove?.(context);
  } catch (error) {
    throw toSessionError(error, 'proof_failed');
  }
}

function post(
  identityUrl: string,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<Record<string, string | undefined>> {
  return openIdentity(identityUrl)
    .request<Record<string, string | undefined>>(path, {
      method: 'POST',
      headers,
      body,
      signal: requestTimeout(),
    })
    .catch((error: TransportError | undefined) => {
      const url = identityUrl + path;
      if (!error?.status) throw toSessionError(error, 'network_error', url);
      const { message, status, json } = error;
      throw new SessionError(json?.msg ?? json?.error_description ?? message, {
        code: ifAbsent(status, 'identity_not_found'),
        status,
        url,
        requestId: json?.error_id,
      });
    });
}

/**
 * Signs a throwaway user up and logs it in. Its e-mail and password are random and kept nowhere.
 * @param settings where Identity answers, and the domain of the e-mail
 * @param proof what admits the user, where the site requires a proof
 * @returns the Identity token
 * @throws SessionError
 */
export async function signUp(
  { identityUrl, emailDomain }: Settings,
  proof: string | undefined,
): Promise<string> {
  const email = `${randomDigits()}@${emailDomain}`;
  const password = randomDigits();
  // GoTrue's name for what becomes `user_metadata`. Undefined is left out of the JSON.
  const body = { email, password, data: proof && { [proofField]: proof } };
  const user = await post(identityUrl, '/signup', JSON.stringify(body), {});
  const answered = { status: 200, url: `${identityUrl}/signup` };
  if (!user.id) {
    throw new SessionError('Not Identity', { ...answered, code: 'identity_not_found' });
  }
  // The log-in would fail.
  if (!user.confirmed_at) throw new SessionError(emailNotConfirmed, answered);

  const token = await post(
    identityUrl,
    '/token',
    `${new URLSearchParams({ grant_type: 'password', username: email, password })}`,
    { 'Content-Type': 'application/x-www-form-urlencoded' },
  );
  return token.access_token as string;
}

/** What gotrue-js's transport throws. Its message is the bare status text. */
interface TransportError {
  message: string;
  /** Absent when nothing answered. */
  status?: number;
  /** Where the reason is: `/token` speaks OAuth, all else has `msg`. An error of the server has an id. */
  json?: { msg?: string; error_description?: string; error_id?: string };
}

/** Some 128 random bits, as digits. */
function randomDigits(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('');
}
