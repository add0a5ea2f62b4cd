import { expect, test } from 'vitest';
import { applyChange, type UserChange } from '../../../src/identity/events/change.ts';

const user = {
  appMetadata: { provider: 'github', roles: ['editor'], plan: { name: 'free' } },
  userMetadata: { full_name: 'Ada', proof: 'abc' },
};

test.each<[UserChange, object, object]>([
  [{ roles: ['admin'] }, { ...user.appMetadata, roles: ['admin'] }, user.userMetadata],
  [{ roles: [] }, { ...user.appMetadata, roles: [] }, user.userMetadata],
  [{ appMetadata: { plan: 'paid' } }, { ...user.appMetadata, plan: 'paid' }, user.userMetadata],
  [
    { appMetadata: { provider: 'email', roles: null } },
    { provider: 'email', plan: { name: 'free' } },
    user.userMetadata,
  ],
  [{ userMetadata: { proof: null, age: 36 } }, user.appMetadata, { full_name: 'Ada', age: 36 }],
  [{ userMetadata: {} }, user.appMetadata, user.userMetadata],
])('%j', (change, appMetadata, userMetadata) => {
  expect(applyChange(user, change)).toEqual({ appMetadata, userMetadata });
});

test('a null that was there already stays', () => {
  const changed = applyChange({ userMetadata: { color: null } }, { roles: ['a'] });
  expect(changed).toEqual({ appMetadata: { roles: ['a'] }, userMetadata: { color: null } });
});

test('leaves its input alone', () => {
  const before = structuredClone(user);
  const roles = Object.freeze(['admin']);
  expect(applyChange(user, { roles, userMetadata: { proof: null } })?.appMetadata.roles).not.toBe(roles);
  expect(user).toEqual(before);
});

test('a key called __proto__ is a key', () => {
  const userMetadata = JSON.parse('{"__proto__": {"admin": true}}');
  const changed = applyChange({ userMetadata }, { roles: ['a'] });
  expect(JSON.stringify(changed?.userMetadata)).toBe('{"__proto__":{"admin":true}}');
  expect(changed?.userMetadata.admin).toBeUndefined();
});

test.each([
  [{ roles: ['a'], appMetadata: { roles: ['b'] } }, 'not both'],
  [{ roles: [''] }, 'roles must be'],
  [{ roles: [1] }, 'roles must be'],
  [{ userMetadata: null }, 'userMetadata must be an object.'],
  [{ rolls: ['a'] }, 'rolls is unknown; did you mean roles?'],
  [[], 'returns a change'],
])('%j is a mistake', (change, words) => {
  expect(() => applyChange(user, change as never)).toThrow(words);
});
