import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { User } from './users.ts';

/** GoTrue mails no second confirmation within this time. */
const mailIntervalMs = 15 * 60 * 1000;

/** A token that would travel by e-mail. */
export function mailedToken(): string {
  return randomBytes(16).toString('base64url');
}

/** The user may log in from now on. */
export function confirm(user: User, clock: Clock): User {
  return { ...user, confirmationToken: '', confirmedAt: clock.nanoTime(), updatedAt: clock.microTime() };
}

/** The user has a confirmation mail to find, unless one was sent a short while ago. */
export function askToConfirm(user: User, clock: Clock): User {
  const { confirmationSentAt } = user;
  if (confirmationSentAt && clock.milliseconds() < Date.parse(confirmationSentAt) + mailIntervalMs)
    return user;
  return {
    ...user,
    confirmationToken: mailedToken(),
    confirmationSentAt: clock.nanoTime(),
    updatedAt: clock.microTime(),
  };
}
