import { expect } from 'vitest';
import type { Entry } from './recording.ts';
import type { Answer } from './send.ts';

type ListedUser = Record<string, string>;
interface List {
  aud: string;
  users: ListedUser[];
}

const fields = ['app_metadata', 'aud', 'created_at', 'email', 'id', 'role', 'updated_at', 'user_metadata'];

/** Lists whose users are those of earlier runs, or tie with others in their second: who comes up is chance. */
export function listsAnybody(entry: Entry): boolean {
  return [
    'admin: list, first page of two',
    'admin: list, oldest first',
    'admin: list by a user of the admin group',
  ].includes(entry.case);
}

/** As many users as were recorded, whole ones, and in the order that was asked for. */
export function compareSomeUsers(recorded: unknown, live: unknown, sort: string | null): void {
  const { aud, users } = live as List;
  expect(aud).toBe((recorded as List).aud);
  expect(users).toHaveLength((recorded as List).users.length);
  for (const user of users) {
    expect(Object.keys(user)).toEqual(expect.arrayContaining(fields));
    expect(user.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  }
  const times = users.map((user) => user.created_at ?? '');
  const ascending = times.toSorted();
  expect(times).toEqual(sort === 'created_at asc' ? ascending : ascending.toReversed());
}

/** What the note of the recording says: 200 with the users whose e-mail or full_name contains the text. */
export function compareFiltered(answer: Answer, text: string): void {
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('vary')).toBe('Origin');
  const { aud, users } = answer.body as {
    aud: string;
    users: { email: string; user_metadata: ListedUser }[];
  };
  expect(aud).toBe('');
  expect(answer.headers.get('x-total-count')).toBe(String(users.length));
  for (const { email, user_metadata } of users) {
    expect(`${email} ${user_metadata.full_name}`).toContain(text);
  }
  // The upper-case user is there, the first user of the run was deleted.
  if (text === 'UPPER') expect(users.length).toBeGreaterThan(0);
}
