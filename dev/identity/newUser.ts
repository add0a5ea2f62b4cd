import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type Metadata, mergeMetadata } from './metadata.ts';
import { hashPassword } from './passwords.ts';
import type { User } from './users.ts';

export type NewUser = { email: string; password: string; aud: string; userMetadata: Metadata | null };

/** Whether an e-mail fits its column, a VARCHAR(255). */
export function fitsColumn(email: string): boolean {
  return [...email].length <= 255;
}

/** A user of the e-mail provider that is in no table yet. */
export function newUser(fields: NewUser, clock: Clock): User {
  const createdAt = clock.microTime();
  return {
    id: randomUUID(),
    aud: fields.aud,
    role: '',
    email: fields.email,
    // Whoever was invited has none yet.
    passwordHash: fields.password === '' ? '' : hashPassword(fields.password),
    confirmedAt: undefined,
    confirmationToken: '',
    invitedAt: undefined,
    confirmationSentAt: undefined,
    recoveryToken: '',
    recoverySentAt: undefined,
    emailChangeToken: '',
    emailChangeSentAt: undefined,
    newEmail: '',
    appMetadata: { provider: 'email' },
    userMetadata: mergeMetadata(null, fields.userMetadata),
    createdAt,
    // GoTrue inserts the row, then writes its role.
    updatedAt: clock.microTime(),
  };
}
