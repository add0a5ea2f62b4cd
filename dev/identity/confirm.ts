import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import { HttpError } from './errors.ts';
import type { User } from './users.ts';

/** GoTrue mails no second confirmation, and no second recovery, within this time. */
const mailIntervalMs = 15 * 60 * 1000;

/** How long a token that travels by e-mail is good. */
const mailedTokenMs = 24 * 3600 * 1000;

/** A token that would travel by e-mail. */
export function mailedToken(): string {
  return randomBytes(16).toString('base64url');
}

/** Whether a mail was sent so short a while ago that another has to wait. */
export function wasJustMailed(sentAt: string | undefined, clock: Clock): boolean {
  return sentAt !== undefined && clock.milliseconds() < Date.parse(sentAt) + mailIntervalMs;
}

/** @throws HttpError 410 for a token of a mail that was sent more than a day ago */
export function requireFresh(what: string, sentAt: string | undefined, clock: Clock): void {
  if (sentAt === undefined || clock.milliseconds() <= Date.parse(sentAt) + mailedTokenMs) return;
  throw new HttpError(410, `${what} token expired`);
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
