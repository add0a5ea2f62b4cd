import { randomUUID } from 'node:crypto';
import type { Clock } from './clock.ts';
import { type Metadata, mergeMetadata } from './metadata.ts';
import { hashPassword } from './passwords.ts';
import type { User } from './users.ts';

export type NewUser = { email: string; password: string; aud: string; userMetadata: Metadata | null };

/** A user of the e-mail provider that is in no table yet. */
export function newUser(fields: NewUser, clock: Clock): User {
  const createdAt = clock.microTime();
  return {
    id: randomUUID(),
    aud: fields.aud,
    role: '',
    email: fields.email,
    passwordHash: hashPassword(fields.password),
    confirmedAt: undefined,
    confirmationToken: '',
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
