import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { askToConfirm, confirm } from './confirm.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { callEvent } from './events.ts';
import { mergeMetadata } from './metadata.ts';
import { fitsColumn, newUser } from './newUser.ts';
import type { Parts } from './parts.ts';
import { isTooLongToHash } from './passwords.ts';
import { audienceOf, bodyOf } from './request.ts';

/** `POST /signup`: the row is committed after the site's `validate` and `signup` events said yes. */
export async function signUp(parts: Parts, c: Context): Promise<Response> {
  const { settings, clock, users } = parts;
  if (settings.registration === 'closed') throw new HttpError(403, 'Signups not allowed for this instance');
  const { email, password, data } = await bodyOf(c, 'Could not read Signup params', 'SignupParams', {
    email: 'string',
    password: 'string',
    data: 'map',
  });
  if (password === '') throw new HttpError(422, 'Signup requires a valid password');
  if (email === '') throw new HttpError(422, 'An email address is required');

  const aud = audienceOf(parts, c);
  const known = users.findByEmail(email, aud);
  if (known?.confirmedAt) {
    throw new HttpError(400, 'A user with this email address has already been registered');
  }
  if (!known) {
    if (isTooLongToHash(password)) throw new HttpError(500, 'Database error creating user');
    // The row is written before the site is asked.
    if (!fitsColumn(email)) throw new HttpError(500, 'Database error saving new user');
  }
  let user = known
    ? { ...known, userMetadata: mergeMetadata(known.userMetadata, data), updatedAt: clock.microTime() }
    : await callEvent(parts, 'validate', newUser({ email, password, aud, userMetadata: data }, clock));
  user = settings.autoconfirm
    ? confirm(await callEvent(parts, 'signup', user), clock)
    : askToConfirm(user, clock);

  await parts.untilCommit();
  if (known) users.update(user);
  else users.insert(user);
  return answerJson(describeUser(user));
}
