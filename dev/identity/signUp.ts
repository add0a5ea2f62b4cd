import type { Context } from 'hono';
import { answerJson, HttpError } from './answers.ts';
import type { Clock } from './clock.ts';
import { callEvent } from './events.ts';
import { answerTokens } from './logIn.ts';
import type { Parts } from './options.ts';
import { audienceOf, bodyOf, requireOperator } from './request.ts';
import { mailedToken, requireFresh } from './tokens.ts';
import {
  describeUser,
  fitsColumn,
  hashPassword,
  isTooLongToHash,
  type MailedToken,
  mergeMetadata,
  newUser,
  type User,
} from './users.ts';

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

/** An invited user has no password until now. */
function withPassword(user: User, password: string): User {
  if (user.passwordHash !== '' || !user.invitedAt) return user;
  if (password === '') throw new HttpError(422, 'Invited users must specify a password');
  return { ...user, passwordHash: hashPassword(password) };
}

/** `POST /recover`: a recovery mail, or nothing, and the answer does not say which; but a second one within 15 minutes is 429. */
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

/** `POST /invite`, by the operator: a user without a password, for whom only `validate` is called. */
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

/** GoTrue mails no second confirmation, and no second recovery, within this time. */
const mailIntervalMilliseconds = 15 * 60 * 1000;

/** Whether a mail was sent so short a while ago that another has to wait. */
export function wasJustMailed(sentAt: string | undefined, clock: Clock): boolean {
  return sentAt !== undefined && clock.milliseconds() < Date.parse(sentAt) + mailIntervalMilliseconds;
}

/** The user may log in from now on. */
export function confirm(user: User, clock: Clock): User {
  return { ...user, confirmationToken: '', confirmedAt: clock.nanoTime(), updatedAt: clock.microTime() };
}

/** The user has a confirmation mail to find, unless one was sent a short while ago. */
export function askToConfirm(user: User, clock: Clock): User {
  if (wasJustMailed(user.confirmationSentAt, clock)) return user;
  return {
    ...user,
    confirmationToken: mailedToken(),
    confirmationSentAt: clock.nanoTime(),
    updatedAt: clock.microTime(),
  };
}
