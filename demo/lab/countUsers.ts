import { isThrowaway } from '../../src/identity/throwaway.ts';
import { callIdentity, readAnswer } from './callIdentity.ts';
import type { LabDependencies } from './dependencies.ts';

export interface UserCount {
  /** Users that an exchange has not taken yet. */
  throwaway: number;
  /** Everybody else; no one may ever touch them. */
  members: number;
}

/** A throwaway user, admitted or not: the stack may have got or lost its admission since the sign-up. */
function isOurs(user: unknown, emailDomain: string, audience: string): boolean {
  return [true, false].some((admission) => isThrowaway(user, { emailDomain, admission, audience }));
}

/**
 * Counts the users that Identity holds at this moment.
 * @throws {DaypassError} `identity_unavailable`
 */
export async function countUsers(lab: LabDependencies): Promise<UserCount> {
  const count: UserCount = { throwaway: 0, members: 0 };
  let perPage = 1000;
  for (let page = 1; ; page += 1) {
    const path = `/admin/users?page=${page}&per_page=${perPage}`;
    const response = await callIdentity(lab, 'GET', path, { admin: true });
    const { users, aud } = await readAnswer<{ users: unknown[]; aud: string }>(response);
    for (const user of users) count[isOurs(user, lab.emailDomain, aud) ? 'throwaway' : 'members'] += 1;
    if (users.length === 0) return count;
    // A server may cap its pages: the next ones are of the size that it gives.
    if (page === 1) perPage = users.length;
  }
}
