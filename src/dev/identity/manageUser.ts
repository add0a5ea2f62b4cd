import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { askToConfirm, confirm } from './confirm.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { callEvent } from './events.ts';
import { mergeMetadata } from './metadata.ts';
import { newUser } from './newUser.ts';
import { uuidPattern } from './options.ts';
import type { Parts } from './parts.ts';
import { hashPassword } from './passwords.ts';
import { audienceOf, bodyOf } from './request.ts';
import { requireOperator } from './requireOperator.ts';
import type { User } from './users.ts';

const fields = {
  aud: 'string',
  role: 'string',
  email: 'string',
  password: 'string',
  confirm: 'bool',
  user_metadata: 'map',
  app_metadata: 'map',
} as const;

/** `POST /admin/users`: no event, no limit; the `app_metadata` of the body is ignored. */
export async function createUser(parts: Parts, c: Context): Promise<Response> {
  await requireOperator(parts, c);
  const { clock, users } = parts;
  const params = await readBody(c);
  const { email, password } = params;
  const aud = params.aud || audienceOf(c);
  if (email === '') throw new HttpError(422, 'An email address is required');
  if (users.findByEmail(email, aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  const created = {
    ...newUser({ email, password, aud, userMetadata: params.user_metadata }, clock),
    role: params.role,
  };
  const user = params.confirm ? confirm(created, clock) : askToConfirm(created, clock);
  await parts.untilCommit();
  users.insert(user);
  return answerJson(describeUser(user));
}

/** `GET /admin/users/{id}` */
export async function showUser(parts: Parts, c: Context): Promise<Response> {
  return answerJson(describeUser(await loadUser(parts, c)));
}

/** `PUT /admin/users/{id}` */
export async function updateUser(parts: Parts, c: Context): Promise<Response> {
  const { clock } = parts;
  let user = await loadUser(parts, c);
  const params = await readBody(c);
  if (params.confirm) user = confirm(user, clock);
  user = {
    ...user,
    role: params.role || user.role,
    passwordHash: params.password ? hashPassword(params.password) : user.passwordHash,
    email: params.email || user.email,
    appMetadata: mergeMetadata(user.appMetadata, params.app_metadata),
    userMetadata: mergeMetadata(user.userMetadata, params.user_metadata),
    updatedAt: clock.microTime(),
  };
  user = await callEvent(parts, 'usermodified', user);
  await parts.untilCommit();
  parts.users.update(user);
  return answerJson(describeUser(user));
}

/** `DELETE /admin/users/{id}`: whoever read the row in time is told that it deleted it. */
export async function deleteUser(parts: Parts, c: Context): Promise<Response> {
  const user = await loadUser(parts, c);
  await callEvent(parts, 'userdeleted', user);
  await parts.untilCommit();
  parts.users.delete(user.id);
  parts.refreshTokens.forget(user.id);
  return answerJson({});
}

function readBody(c: Context) {
  return bodyOf(c, 'Could not decode admin user params', 'adminUserParams', fields);
}

async function loadUser(parts: Parts, c: Context): Promise<User> {
  await requireOperator(parts, c);
  const id = c.req.param('id') ?? '';
  if (!uuidPattern.test(id)) throw new HttpError(400, 'user_id must be an UUID');
  const user = parts.users.get(id.toLowerCase());
  if (!user) throw new HttpError(404, 'User not found');
  return user;
}
