import type { Entry, Mode } from './recording.ts';
import type { Target } from './target.ts';
import type { Translation } from './translation.ts';

/** So many users of earlier runs were there, to judge by the recorded totals. */
const usersBefore: Record<Mode, number> = {
  open: 37,
  confirm: 13,
  closed: 0,
  limited: 0,
  admin: 10,
  audience: 0,
};

/**
 * The users of earlier runs. Ours are planted, as many as were recorded and older than those of this run; a
 * live server has its own, and gets the one that a recording needs.
 */
export async function plantEarlierUsers(target: Target, mode: Mode): Promise<void> {
  if (!target.own) return createOnLive(target);
  const createdAt = new Date(Date.now() - 12 * 60_000).toISOString();
  for (let index = 0; index < usersBefore[mode]; index += 1) {
    const email = index === 0 ? 'not-an-email' : `earlier-${index}@visitor.invalid`;
    target.own.identity.users.plant({ email, createdAt, updatedAt: createdAt });
  }
}

async function createOnLive({ url, operatorToken }: Target): Promise<void> {
  await fetch(`${url}/admin/users`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'not-an-email', password: 'correct-horse-battery', confirm: true }),
  });
  // Lists sort by the second: the users to come shall be newer.
  await new Promise((resolve) => setTimeout(resolve, 1100));
}

/** What was done before an entry without being recorded. */
export async function prepare(entry: Entry, target: Target, translation: Translation): Promise<void> {
  const { signsUp, becomesAdmin } = unrecorded[entry.case] ?? {};
  if (signsUp === undefined) return;
  const email = translation.toLive(signsUp.email);
  const password = 'correct-horse-battery';
  const { id = '' } = await post(target, '/signup', JSON.stringify({ email, password }));
  if (signsUp.id !== undefined) translation.bind(signsUp.id, id);
  if (becomesAdmin) {
    await fetch(`${target.url}/admin/users/${id}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${target.operatorToken}` },
      body: JSON.stringify({ role: 'admin', app_metadata: { roles: ['admin'] } }),
    });
    const form = `grant_type=password&username=${encodeURIComponent(email)}&password=${password}`;
    const { access_token: token = '' } = await post(target, '/token', form);
    const recorded = entry.request.headers.authorization ?? '';
    translation.bind(recorded.replace(/^Bearer /, ''), token);
  }
  target.own?.hook.take();
}

interface Unrecorded {
  signsUp: { email: string; id?: string };
  becomesAdmin?: true;
}

const unrecorded: Record<string, Unrecorded> = {
  'hook: login denies': { signsUp: { email: 'open-17-1795230429@visitor.invalid' } },
  "hook: modified denies an admin's update": {
    signsUp: { email: 'admin-2-1795878340@visitor.invalid', id: '8b007e0a-d5a4-4ef6-859b-705c7fcf4a51' },
  },
  "user's own update calls no hook": { signsUp: { email: 'admin-4-1795878355@visitor.invalid' } },
  'admin: list by a user of the admin group': {
    signsUp: { email: 'admin-5-1795878356@visitor.invalid', id: 'bc54c9c6-d81b-4753-a80e-395cbdc09bf0' },
    becomesAdmin: true,
  },
  'token, e-mail in upper case': { signsUp: { email: 'admin-6-1795878356@visitor.invalid' } },
};

async function post(target: Target, path: string, body: string): Promise<Record<string, string>> {
  const type = path === '/token' ? 'application/x-www-form-urlencoded' : 'application/json';
  const response = await fetch(target.url + path, {
    method: 'POST',
    headers: { 'content-type': type },
    body,
  });
  return (await response.json()) as Record<string, string>;
}
