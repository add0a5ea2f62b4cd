import type { Context } from 'hono';
import { confirm } from './confirm.ts';
import { HttpError } from './errors.ts';
import { callEvent } from './events.ts';
import { answerTokens } from './issueToken.ts';
import type { Parts } from './parts.ts';
import { bodyOf } from './request.ts';
import type { MailedToken } from './users.ts';

const kinds: Record<string, MailedToken> = { signup: 'confirmation', recovery: 'recovery' };

/** `POST /verify`: a token out of a mail, in exchange for tokens to use. */
export async function verify(parts: Parts, c: Context): Promise<Response> {
  const { users, clock, refreshTokens } = parts;
  const { type, token } = await bodyOf(c, 'Could not read verification params', 'VerifyParams', {
    type: 'string',
    token: 'string',
  });
  if (token === '') throw new HttpError(422, 'Verify requires a token');
  const kind = kinds[type];
  if (kind === undefined) throw new HttpError(422, 'Verify requires a verification type');
  const found = users.findByToken(kind, token);
  if (!found) throw new HttpError(404, 'User not found');

  let user = kind === 'recovery' ? { ...found, recoveryToken: '' } : found;
  if (!user.confirmedAt) user = confirm(await callEvent(parts, 'signup', user), clock);
  await parts.untilCommit();
  users.update(user);
  return answerTokens(parts, user, refreshTokens.grant(user.id));
}
