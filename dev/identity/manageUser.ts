import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { askToConfirm, confirm } from './confirm.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { callEventAfterCommit } from './events.ts';
import { mergeMetadata } from './metadata.ts';
import { fitsColumn, newUser } from './newUser.ts';
import { uuidPattern } from './options.ts';
import type { Parts } from './parts.ts';
import { hashPassword, isTooLongToHash } from './passwords.ts';
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
  const claims = await requireOperator(parts, c);
  const { clock, users } = parts;
  const params = await readBody(c);
  const { email, password } = params;
  const aud = params.aud || audienceOf(parts, c, claims);
  if (email === '') throw new HttpError(422, 'An email address is required');
  if (users.findByEmail(email, aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  if (isTooLongToHash(password)) throw new HttpError(500, 'Error creating user');
  const created = {
    ...newUser({ email, password, aud, userMetadata: params.user_metadata }, clock),
    role: params.role,
  };
  const user = params.confirm ? confirm(created, clock) : askToConfirm(created, clock);
  if (!fitsColumn(email)) throw new HttpError(500, 'Database error creating new user');
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
  if (isTooLongToHash(params.password) || !fitsColumn(params.email)) {
    throw new HttpError(500, 'Error updating user');
  }
  user = {
    ...user,
    role: params.role || user.role,
    passwordHash: params.password ? hashPassword(params.password) : user.passwordHash,
    email: params.email || user.email,
    appMetadata: mergeMetadata(user.appMetadata, params.app_metadata),
    userMetadata: mergeMetadata(user.userMetadata, params.user_metadata),
    updatedAt: clock.microTime(),
  };
  await parts.untilCommit();
  parts.users.update(user);
  const told = await callEventAfterCommit(parts, 'usermodified', user);
  if (told !== user) parts.users.update(told);
  return answerJson(describeUser(told));
}

/** `DELETE /admin/users/{id}`: whoever read the row in time is told that it deleted it. */
export async function deleteUser(parts: Parts, c: Context): Promise<Response> {
  const user = await loadUser(parts, c);
  await parts.untilCommit();
  parts.users.delete(user.id);
  parts.refreshTokens.forget(user.id);
  // The answer waits for the site all the same, for up to three deadlines.
  await callEventAfterCommit(parts, 'userdeleted', user);
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
