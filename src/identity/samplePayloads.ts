import type { EventName, EventPayload } from './events.ts';
import type { UserRecord } from './user.ts';

const instance_id = '00000000-0000-0000-0000-000000000000';

const newUser: UserRecord = {
  id: '20675436-07be-4d28-b3aa-7fe0e7c2ddb1',
  aud: '',
  role: '',
  email: 'open-1-1795230427@visitor.invalid',
  app_metadata: { provider: 'email' },
  user_metadata: { full_name: 'No One', proof: 'abc' },
  created_at: '2026-11-21T03:07:07.557285Z',
  updated_at: '2026-11-21T03:07:07.558061Z',
};

// GoTrue cuts stored times to the second.
const storedUser: UserRecord = {
  ...newUser,
  confirmed_at: '2026-11-21T03:07:07Z',
  created_at: '2026-11-21T03:07:07Z',
  updated_at: '2026-11-21T03:07:07Z',
};

const editor: UserRecord = {
  ...storedUser,
  app_metadata: { provider: 'email', roles: ['editor'] },
  user_metadata: { color: 'blue', full_name: 'No One', k: 'v', proof: 'abc' },
};

/**
 * What a real GoTrue sent for each event (netlify/gotrue, commit ab1bf15; registration open, autoconfirm on), for tests of
 * your handlers.
 * @example
 * ```ts
 * import { samplePayloads, toUser } from 'daypass/identity';
 *
 * const newcomer = toUser(samplePayloads.validate.user);
 * console.log(newcomer.provider); // 'email'
 * ```
 */
export const samplePayloads = {
  validate: { event: 'validate', instance_id, user: newUser },
  signup: { event: 'signup', instance_id, user: newUser },
  login: { event: 'login', instance_id, user: storedUser },
  modified: {
    event: 'usermodified',
    instance_id,
    user: { ...editor, updated_at: '2026-11-21T03:07:07.657141Z' },
  },
  deleted: { event: 'userdeleted', instance_id, user: editor },
} as const satisfies Record<EventName, EventPayload>;
