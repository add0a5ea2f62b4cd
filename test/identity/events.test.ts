import { describe, expect, test } from 'vitest';
import { addRoles, applyChange, type UserChange } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { toUser } from '../../src/identity/user.ts';

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

test('does not modify its input', () => {
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

describe('addRoles', () => {
  function rolesAfter(handler: ReturnType<typeof addRoles>, roles: unknown) {
    const user = toUser({ ...samplePayloads.login.user, app_metadata: { provider: 'email', roles } });
    return handler({ user });
  }

  test('adds to the existing roles, each once', () => {
    const handler = addRoles('member', 'reader', 'member');
    expect(rolesAfter(handler, undefined)).toEqual({ roles: ['member', 'reader'] });
    expect(rolesAfter(handler, ['editor', 'reader'])).toEqual({ roles: ['editor', 'reader', 'member'] });
  });

  test('keeps a role stored as a string', () => {
    expect(rolesAfter(addRoles('member'), 'editor')).toEqual({ roles: ['editor', 'member'] });
    expect(rolesAfter(addRoles('editor'), 'editor')).toBeUndefined();
    // The platform's own bootstrap leaves such a role out of `user.roles`.
    const { roles: _, ...user } = toUser({ ...samplePayloads.login.user, app_metadata: { roles: 'editor' } });
    expect(addRoles('member')({ user })).toEqual({ roles: ['editor', 'member'] });
  });

  test('keeps the strings of a list that holds other values too', () => {
    expect(rolesAfter(addRoles('member'), ['editor', 7, null, ''])).toEqual({ roles: ['editor', 'member'] });
    for (const roles of ['', 7, {}, null]) {
      expect(rolesAfter(addRoles('member'), roles)).toEqual({ roles: ['member'] });
    }
  });

  test('changes nothing if there is nothing to add', () => {
    expect(rolesAfter(addRoles('member'), ['editor', 'member'])).toBeUndefined();
  });

  test('takes at least one role, and no empty one', () => {
    // @ts-expect-error there is none
    expect(() => addRoles()).toThrow(TypeError);
    expect(() => addRoles('')).toThrow(TypeError);
    expect(() => addRoles('a', 1 as never)).toThrow(TypeError);
  });
});
