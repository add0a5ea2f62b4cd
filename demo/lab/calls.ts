import { isUserId } from '../../src/identity/user.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { randomId } from '../../src/token/mint.ts';
import type { LabDependencies } from './dependencies.ts';

/** Longer than a sweep may take, and than a process that Netlify's emulator starts for each call on a busy machine. */
const timeoutMilliseconds = 20_000;

/**
 * One call of Identity's REST API (netlify/gotrue, api/api.go).
 * @param options.body sent as JSON, or as a form when it is one
 * @param options.admin whether the operator token goes along
 * @throws {DaypassError} `identity_unavailable` without an answer in 20 s
 */
export async function callIdentity(
  lab: Pick<LabDependencies, 'identityUrl' | 'operatorToken'>,
  method: string,
  path: string,
  options: { body?: object; admin?: boolean } = {},
): Promise<Response> {
  const { body, admin = false } = options;
  const headers: Record<string, string> = { accept: 'application/json' };
  if (admin) headers.authorization = `Bearer ${lab.operatorToken}`;
  if (body && !(body instanceof URLSearchParams)) headers['content-type'] = 'application/json';
  try {
    return await fetch(lab.identityUrl.replace(/\/+$/, '') + path, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
      ...(body && { body: body instanceof URLSearchParams ? body : JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new DaypassError('identity_unavailable', { cause });
  }
}

/**
 * The JSON of an answer that should be a success.
 * @throws {DaypassError} `identity_unavailable` for any other
 */
export async function readAnswer<T>(response: Response): Promise<T> {
  if (!response.ok) {
    await response.body?.cancel();
    throw new DaypassError('identity_unavailable', {
      detail: `Identity answered ${response.status} where the attack lab needs a success.`,
    });
  }
  try {
    return (await response.json()) as T;
  } catch (cause) {
    throw new DaypassError('identity_unavailable', { cause });
  }
}

/**
 * Calls an address of the broker that is for the site's owner, with the maintenance bearer, and hands its answer on.
 * @throws {DaypassError} `internal_error` without an answer
 */
export async function callBroker(
  { siteUrl, maintenanceBearer }: Pick<LabDependencies, 'siteUrl' | 'maintenanceBearer'>,
  method: 'GET' | 'POST',
  path: string,
): Promise<Response> {
  try {
    const answer = await fetch(siteUrl + path, {
      method,
      headers: { authorization: `Bearer ${maintenanceBearer}` },
      ...(method === 'POST' && { body: new URLSearchParams() }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    const contentType = answer.headers.get('content-type') ?? 'application/json';
    return new Response(await answer.text(), {
      status: answer.status,
      headers: { 'content-type': contentType },
    });
  } catch (cause) {
    throw new DaypassError('internal_error', { detail: 'The broker of this site did not answer.', cause });
  }
}

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
