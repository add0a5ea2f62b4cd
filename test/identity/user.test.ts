import { expect, test } from 'vitest';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { toUser } from '../../src/identity/user.ts';

const record = samplePayloads.modified.user;

test('a record in camel case; unset fields are absent', () => {
  expect(toUser(record)).toStrictEqual({
    id: record.id,
    email: record.email,
    confirmedAt: record.confirmed_at,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    provider: 'email',
    name: 'No One',
    roles: ['editor'],
    userMetadata: record.user_metadata,
    appMetadata: record.app_metadata,
  });
});

test('every field that GoTrue may send', () => {
  const user = toUser({
    ...record,
    role: 'group',
    invited_at: '1',
    confirmation_sent_at: '2',
    recovery_sent_at: '3',
    new_email: 'new@x.example',
    email_change_sent_at: '4',
    last_sign_in_at: '5',
    user_metadata: { name: 'Ada', avatar_url: '/ada.png' },
  });
  expect(user).toMatchObject({
    role: 'group',
    invitedAt: '1',
    confirmationSentAt: '2',
    recoverySentAt: '3',
    pendingEmail: 'new@x.example',
    emailChangeSentAt: '4',
    lastSignInAt: '5',
    name: 'Ada',
    pictureUrl: '/ada.png',
  });
});

test('metadata may be null or of odd types', () => {
  const bare = toUser({ ...record, app_metadata: null, user_metadata: null });
  expect([bare.appMetadata, bare.userMetadata, 'roles' in bare]).toEqual([{}, {}, false]);
  const odd = toUser({
    ...record,
    app_metadata: { roles: ['a', 1], provider: 2 },
    user_metadata: { name: 3 },
  });
  expect(['roles' in odd, 'provider' in odd, 'name' in odd]).toEqual([false, false, false]);
  expect(odd.appMetadata.roles).toEqual(['a', 1]);
});
