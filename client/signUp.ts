import { proofField } from '../src/protocol/messages.ts';
import { emailNotConfirmed, SessionError } from './errors.ts';
import type { Identity } from './goTrue.ts';
import { requestTimeout } from './patience.ts';

/**
 * Signs a throwaway user up and logs it in. Its e-mail and password are random and kept nowhere.
 * @param emailDomain domain of the e-mail
 * @param proof what admits the user, where the site asks for a proof
 * @returns the Identity token
 * @throws SessionError
 */
export async function signUp(
  identity: Identity,
  emailDomain: string,
  proof: string | undefined,
): Promise<string> {
  const email = `${randomDigits()}@${emailDomain}`;
  const password = randomDigits();
  // GoTrue's name for what becomes `user_metadata`. Undefined is left out of the JSON.
  const body = { email, password, data: proof && { [proofField]: proof } };
  const user = await ask(identity, '/signup', JSON.stringify(body), {});
  if (!user.id) throw new SessionError('This is not Identity', 200);
  // The log-in would fail.
  if (!user.confirmed_at) throw new SessionError(emailNotConfirmed, 200);

  const token = await ask(
    identity,
    '/token',
    `grant_type=password&username=${encodeURIComponent(email)}&password=${encodeURIComponent(password)}`,
    { 'Content-Type': 'application/x-www-form-urlencoded' },
  );
  return token.access_token as string;
}

function ask(
  identity: Identity,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<Record<string, string | undefined>> {
  return identity
    .request<Record<string, string | undefined>>(path, {
      method: 'POST',
      headers,
      body,
      signal: requestTimeout(),
    })
    .catch((error: TransportError) => {
      const reason = error.json?.msg ?? error.json?.error_description ?? error.message;
      throw new SessionError(reason, error.status);
    });
}

/** What gotrue-js's transport throws. Its message is the bare status text. */
interface TransportError {
  message: string;
  /** Absent when nothing answered. */
  status?: number;
  /** Where the reason is: `/token` speaks OAuth, all else has `msg`. */
  json?: { msg?: string; error_description?: string };
}

/** Some 128 random bits, as digits. */
function randomDigits(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('');
}
