import type { Context } from 'hono';
import { confirm, requireFresh } from './confirm.ts';
import { HttpError } from './errors.ts';
import { callEvent } from './events.ts';
import { answerTokens } from './issueToken.ts';
import type { Parts } from './parts.ts';
import { hashPassword } from './passwords.ts';
import { bodyOf } from './request.ts';
import type { MailedToken, User } from './users.ts';

const kinds: Record<string, MailedToken> = { signup: 'confirmation', recovery: 'recovery' };

/** `POST /verify`: a token out of a mail, in exchange for tokens to use. */
export async function verify(parts: Parts, c: Context): Promise<Response> {
  const { users, clock, refreshTokens } = parts;
  const { type, token, password } = await bodyOf(c, 'Could not read verification params', 'VerifyParams', {
    type: 'string',
    token: 'string',
    password: 'string',
  });
  if (token === '') throw new HttpError(422, 'Verify requires a token');
  const kind = kinds[type];
  if (kind === undefined) throw new HttpError(422, 'Verify requires a verification type');
  const found = users.findByToken(kind, token);
  if (!found) throw new HttpError(404, 'User not found');

  if (kind === 'recovery') requireFresh('Recovery', found.recoverySentAt, clock);
  else requireFresh('Confirmation', found.confirmationSentAt, clock);

  let user = kind === 'recovery' ? { ...found, recoveryToken: '' } : withPassword(found, password);
  if (!user.confirmedAt) user = confirm(await callEvent(parts, 'signup', user), clock);
  await parts.untilCommit();
  users.update(user);
  return answerTokens(parts, user, refreshTokens.grant(user.id));
}

/** Whoever was invited has no password until now. */
function withPassword(user: User, password: string): User {
  if (user.passwordHash !== '' || !user.invitedAt) return user;
  if (password === '') throw new HttpError(422, 'Invited users must specify a password');
  return { ...user, passwordHash: hashPassword(password) };
}
