import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import type { Clock } from './clock.ts';
import { mailedToken, requireFresh } from './confirm.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { mergeMetadata } from './metadata.ts';
import type { Parts } from './parts.ts';
import { hashPassword, isTooLongToHash } from './passwords.ts';
import { audienceOf, bodyOf, claimsOf, userOfClaims } from './request.ts';
import { isAdmin } from './requireOperator.ts';
import type { User } from './users.ts';

/** `GET /user` */
export async function showOwnUser(parts: Parts, c: Context): Promise<Response> {
  const claims = await claimsOf(parts, c);
  const user = userOfClaims(parts, claims);
  if (audienceOf(parts, c, claims) !== claims.aud) {
    throw new HttpError(400, "Token audience doesn't match request audience");
  }
  if (!user) throw new HttpError(404, 'User not found');
  return answerJson(describeUser(user));
}

/** `PUT /user`: own data, password and e-mail. No event tells the site. */
export async function updateOwnUser(parts: Parts, c: Context): Promise<Response> {
  const { clock, users } = parts;
  const claims = await claimsOf(parts, c);
  const params = await bodyOf(c, 'Could not read User Update params', 'UserUpdateParams', {
    email: 'string',
    password: 'string',
    email_change_token: 'string',
    data: 'map',
    app_metadata: 'map',
  });
  const user = userOfClaims(parts, claims);
  if (!user) throw new HttpError(404, 'User not found');
  if (params.app_metadata && !isAdmin(parts, user))
    throw new HttpError(401, 'Updating app_metadata requires admin privileges');

  let updated: User = { ...user, userMetadata: mergeMetadata(user.userMetadata, params.data) };
  if (params.app_metadata) {
    updated = { ...updated, appMetadata: mergeMetadata(user.appMetadata, params.app_metadata) };
  }
  if (isTooLongToHash(params.password)) throw new HttpError(500, 'Error during password storage');
  if (params.password) updated = { ...updated, passwordHash: hashPassword(params.password) };
  if (params.email_change_token) updated = changeEmail(updated, params.email_change_token, clock);
  else if (params.email && params.email !== user.email) updated = askToChange(parts, updated, params.email);
  if (params.data || params.app_metadata || params.password || updated.newEmail !== user.newEmail) {
    updated = { ...updated, updatedAt: clock.microTime() };
  }
  await parts.untilCommit();
  users.update(updated);
  return answerJson(describeUser(updated));
}

function askToChange({ users, clock }: Parts, user: User, email: string): User {
  if (users.findByEmail(email, user.aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  return { ...user, newEmail: email, emailChangeToken: mailedToken(), emailChangeSentAt: clock.nanoTime() };
}

function changeEmail(user: User, token: string, clock: Clock): User {
  if (token !== user.emailChangeToken) {
    throw new HttpError(401, "Email Change Token didn't match token on file");
  }
  requireFresh('Email change', user.emailChangeSentAt, clock);
  return { ...user, email: user.newEmail, newEmail: '', emailChangeToken: '' };
}
