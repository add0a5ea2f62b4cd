import type { Entry, Mode } from './recording.ts';
import type { Target } from './target.ts';
import type { Translation } from './translation.ts';

/** So many users of earlier runs were there, to judge by the recorded totals. */
const usersBefore: Record<Mode, number> = { open: 37, confirm: 13, closed: 0, limited: 0 };

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
  if (entry.case !== 'hook: login denies') return;
  const email = translation.toLive('open-17-1795230429@visitor.invalid');
  await fetch(`${target.url}/signup`, {
    method: 'POST',
    body: JSON.stringify({ email, password: 'correct-horse-battery' }),
  });
  target.own?.hook.take();
}
