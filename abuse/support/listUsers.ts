import { send } from './send.ts';

/** What Identity reports of a user; compared whole. */
export interface ListedUser {
  id: string;
  email: string;
  created_at: string;
}

const perPage = 1000;

/** Everybody, of the default audience and of the one that `generateRow` names. */
export async function listUsers(identity: { url: string; operatorToken: string }): Promise<ListedUser[]> {
  const found: ListedUser[] = [];
  for (const audience of ['', 'another']) {
    for (let page = 1; ; page += 1) {
      const { text } = await send(`${identity.url}/admin/users?page=${page}&per_page=${perPage}`, {
        headers: {
          authorization: `Bearer ${identity.operatorToken}`,
          ...(audience && { 'x-jwt-aud': audience }),
        },
      });
      const { users } = JSON.parse(text) as { users: ListedUser[] };
      found.push(...users);
      if (users.length < perPage) break;
    }
  }
  return found;
}
