import { toUser, type User, type UserRecord } from '../events/user.ts';
import { unavailable } from '../transport.ts';
import { isUserId } from '../user.ts';

/**
 * A record of an admin answer. One without an e-mail (a database that others write to, too) is a user all the same: its
 * `email` is empty.
 * @throws {DaypassError} `identity_unavailable`: that is no user of GoTrue's
 */
export function readUser(body: unknown): User {
  const record = body as UserRecord | null;
  if (!isUserId(record?.id) || typeof record.created_at !== 'string') {
    throw unavailable('no user of GoTrue');
  }
  return toUser(record);
}
