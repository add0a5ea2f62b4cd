import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { mailedToken } from './confirm.ts';
import { describeUser } from './describeUser.ts';
import { HttpError } from './errors.ts';
import { callEvent } from './events.ts';
import { fitsColumn, newUser } from './newUser.ts';
import type { Parts } from './parts.ts';
import { audienceOf, bodyOf } from './request.ts';
import { requireOperator } from './requireOperator.ts';

/** `POST /invite`, by the operator: a user without a password, of whom `validate` alone is told. */
export async function invite(parts: Parts, c: Context): Promise<Response> {
  const claims = await requireOperator(parts, c);
  const { clock, users } = parts;
  const { email, data } = await bodyOf(c, 'Could not read Invite params', 'InviteParams', {
    email: 'string',
    data: 'map',
  });
  if (email === '') throw new HttpError(422, 'An email address is required');
  const aud = audienceOf(parts, c, claims);
  if (users.findByEmail(email, aud)) {
    throw new HttpError(422, 'Email address already registered by another user');
  }
  if (!fitsColumn(email)) throw new HttpError(500, 'Database error saving new user');
  const user = await callEvent(
    parts,
    'validate',
    newUser({ email, password: '', aud, userMetadata: data }, clock),
  );
  const invited = {
    ...user,
    confirmationToken: mailedToken(),
    invitedAt: clock.nanoTime(),
    updatedAt: clock.microTime(),
  };
  await parts.untilCommit();
  users.insert(invited);
  return answerJson(describeUser(invited));
}
