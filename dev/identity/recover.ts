import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { mailedToken, wasJustMailed } from './confirm.ts';
import { HttpError } from './errors.ts';
import type { Parts } from './parts.ts';
import { audienceOf, bodyOf } from './request.ts';

/** `POST /recover`: a recovery mail, or nothing, and the answer does not tell which; but a second one within 15 minutes is 429. */
export async function recover(parts: Parts, c: Context): Promise<Response> {
  const { users, clock } = parts;
  const { email } = await bodyOf(c, 'Could not read verification params', 'RecoverParams', {
    email: 'string',
  });
  if (email === '') throw new HttpError(422, 'Password recovery requires an email');
  const user = users.findByEmail(email, audienceOf(parts, c));
  if (user) {
    if (wasJustMailed(user.recoverySentAt, clock)) {
      throw new HttpError(429, 'Rate limit exceeded, try again later');
    }
    users.update({
      ...user,
      recoveryToken: mailedToken(),
      recoverySentAt: clock.nanoTime(),
      updatedAt: clock.microTime(),
    });
  }
  return answerJson({});
}
