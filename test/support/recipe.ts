import { jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';

// What a visitor's page does, by hand, against any running stack.

export const identityUrlOf = (site: string) => `${site}/.netlify/identity`;

/** Signs up a user at Identity. */
export async function signUp(
  site: string,
  email = `${crypto.randomUUID()}@visitor.invalid`,
): Promise<string> {
  const answer = await fetch(`${identityUrlOf(site)}/signup`, {
    method: 'POST',
    body: JSON.stringify({ email, password: 'correct-horse-battery' }),
  });
  if (!answer.ok) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`);
  return email;
}

/** Logs a user in: one more Identity token of it. */
export async function logIn(site: string, email: string): Promise<string> {
  const answer = await fetch(`${identityUrlOf(site)}/token`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'password', username: email, password: 'correct-horse-battery' }),
  });
  if (!answer.ok) throw new Error(`log-in: ${answer.status} ${await answer.text()}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

export function exchange(site: string, identityToken: string): Promise<Response> {
  return fetch(`${site}/session/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: tokenExchangeGrant,
      subject_token: identityToken,
      subject_token_type: jwtTokenType,
    }),
  });
}
