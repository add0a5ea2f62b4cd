import { toUser, type User, type UserRecord } from '../events/user.ts';
import { unavailable } from '../transport.ts';
import { isUserId } from '../user.ts';

/** @throws {DaypassError} `identity_unavailable`: that is no user of GoTrue's */
export function readUser(body: unknown): User {
  const record = body as UserRecord | null;
  if (!isUserId(record?.id) || typeof record.email !== 'string' || typeof record.created_at !== 'string') {
    throw unavailable('no user of GoTrue');
  }
  return toUser(record);
}
