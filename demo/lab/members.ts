import { isUserId } from '../../src/identity/user.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { randomId } from '../../src/token/randomId.ts';
import { callIdentity, readAnswer } from './callIdentity.ts';
import type { LabDependencies } from './dependencies.ts';

export interface LabMember {
  id: string;
  email: string;
  /** What Identity gives the member at log-in. */
  identityToken: string;
}

/**
 * Makes a real user of Identity and logs it in.
 * @throws {DaypassError} `identity_unavailable`; nobody is left behind
 */
export async function createMember(lab: LabDependencies): Promise<LabMember> {
  const email = `member-${crypto.randomUUID()}@example.com`;
  const password = randomId();
  const body = { email, password, confirm: true };
  const created = await callIdentity(lab, 'POST', '/admin/users', { body, admin: true });
  const { id } = await readAnswer<{ id: string }>(created);
  try {
    const form = new URLSearchParams({ grant_type: 'password', username: email, password });
    const loggedIn = await callIdentity(lab, 'POST', '/token', { body: form });
    const { access_token: identityToken } = await readAnswer<{ access_token: string }>(loggedIn);
    return { id, email, identityToken };
  } catch (error) {
    await deleteMember(lab, id);
    throw error;
  }
}

/**
 * Deletes a member that the lab made, and no other.
 * @throws {DaypassError} `malformed_request` for what is no user's id, `not_found` when the lab made no such
 * member, `identity_unavailable`
 */
export async function deleteMember(lab: LabDependencies, id: string): Promise<void> {
  if (!isUserId(id)) throw new DaypassError('malformed_request', { detail: 'The id of a member is a UUID.' });
  const path = `/admin/users/${id}`;
  const found = await callIdentity(lab, 'GET', path, { admin: true });
  if (found.status === 404 || !isLabMember(await readAnswer<{ email: string }>(found))) {
    throw new DaypassError('not_found', { detail: 'The attack lab made no such member.' });
  }
  await readAnswer(await callIdentity(lab, 'DELETE', path, { admin: true }));
}

function isLabMember({ email }: { email: string }): boolean {
  return /^member-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@example\.com$/.test(email);
}
