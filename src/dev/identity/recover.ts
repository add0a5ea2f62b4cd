import type { Context } from 'hono';
import { answerJson } from './answers.ts';
import { mailedToken } from './confirm.ts';
import { HttpError } from './errors.ts';
import type { Parts } from './parts.ts';
import { audienceOf, bodyOf } from './request.ts';

/** `POST /recover`: a recovery mail, or nothing; the answer does not tell which. */
export async function recover({ users, clock }: Parts, c: Context): Promise<Response> {
  const { email } = await bodyOf(c, 'Could not read verification params', 'RecoverParams', {
    email: 'string',
  });
  if (email === '') throw new HttpError(422, 'Password recovery requires an email');
  const user = users.findByEmail(email, audienceOf(c));
  if (user) {
    users.update({
      ...user,
      recoveryToken: mailedToken(),
      recoverySentAt: clock.nanoTime(),
      updatedAt: clock.microTime(),
    });
  }
  return answerJson({});
}
