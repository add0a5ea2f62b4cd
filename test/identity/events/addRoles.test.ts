import { expect, test } from 'vitest';
import { addRoles } from '../../../src/identity/events/addRoles.ts';
import { samplePayloads } from '../../../src/identity/events/samples.ts';
import { toUser } from '../../../src/identity/events/user.ts';

function rolesAfter(handler: ReturnType<typeof addRoles>, roles: unknown) {
  const user = toUser({ ...samplePayloads.login.user, app_metadata: { provider: 'email', roles } });
  return handler({ user });
}

test('adds to the roles that there are, each once', () => {
  const handler = addRoles('member', 'reader', 'member');
  expect(rolesAfter(handler, undefined)).toEqual({ roles: ['member', 'reader'] });
  expect(rolesAfter(handler, ['editor', 'reader'])).toEqual({ roles: ['editor', 'reader', 'member'] });
});

test('keeps a role that is stored as text', () => {
  expect(rolesAfter(addRoles('member'), 'editor')).toEqual({ roles: ['editor', 'member'] });
  expect(rolesAfter(addRoles('editor'), 'editor')).toBeUndefined();
  // The platform's own bootstrap leaves such a role out of `user.roles`.
  const { roles: _, ...user } = toUser({ ...samplePayloads.login.user, app_metadata: { roles: 'editor' } });
  expect(addRoles('member')({ user })).toEqual({ roles: ['editor', 'member'] });
});

test('keeps the texts of a list that holds other things too', () => {
  expect(rolesAfter(addRoles('member'), ['editor', 7, null, ''])).toEqual({ roles: ['editor', 'member'] });
  for (const roles of ['', 7, {}, null]) {
    expect(rolesAfter(addRoles('member'), roles)).toEqual({ roles: ['member'] });
  }
});

test('changes nothing where there is nothing to add', () => {
  expect(rolesAfter(addRoles('member'), ['editor', 'member'])).toBeUndefined();
});

test('takes at least one role, and no empty one', () => {
  // @ts-expect-error there is none
  expect(() => addRoles()).toThrow(TypeError);
  expect(() => addRoles('')).toThrow(TypeError);
  expect(() => addRoles('a', 1 as never)).toThrow(TypeError);
});
