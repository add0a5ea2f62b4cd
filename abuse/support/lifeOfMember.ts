import type { Member } from './members.ts';
import { type Answer, type SendOptions, send } from './send.ts';
import { withoutChance } from './withoutChance.ts';

export interface Place {
  /** Where Identity answers. */
  url: string;
  operatorToken: string;
  /** The member's own address. */
  from: string;
}

/**
 * All that a member does at Identity, from the sign-up to the end.
 * @returns what each step was answered, whole but for what chance and the clock give
 */
export async function lifeOfMember(
  { email, password, data }: Member,
  { url, operatorToken, from }: Place,
): Promise<Record<string, string>> {
  const life: Record<string, string> = {};
  const step = async (name: string, path: string, options: SendOptions): Promise<Answer> => {
    const answer = await send(url + path, { from, ...options });
    life[name] = withoutChance(answer);
    return answer;
  };
  const grant = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });
  const logIn = grant({ grant_type: 'password', username: email, password });
  const signUp = { method: 'POST', body: JSON.stringify({ email, password, data }) };

  const user = await step('sign-up', '/signup', signUp);
  await step('sign-up again', '/signup', signUp);
  const tokens = JSON.parse((await step('log-in', '/token', logIn)).text) as Record<string, string>;
  await step(
    'log-in with a wrong password',
    '/token',
    grant({ grant_type: 'password', username: email, password: 'x' }),
  );
  await step(
    'refresh',
    '/token',
    grant({ grant_type: 'refresh_token', refresh_token: `${tokens.refresh_token}` }),
  );
  const own = { headers: { authorization: `Bearer ${tokens.access_token}` } };
  const change = JSON.stringify({ data: { ...data, changed: [email, null] } });
  await step('update', '/user', { ...own, method: 'PUT', body: change });
  await step('who am I', '/user', own);
  const operator = { headers: { authorization: `Bearer ${operatorToken}` } };
  const { id } = JSON.parse(user.text) as { id: string };
  await step('delete', `/admin/users/${id}`, { ...operator, method: 'DELETE' });
  await step('log-in after that', '/token', logIn);
  return life;
}
