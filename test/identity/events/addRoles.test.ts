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

test('changes nothing where there is nothing to add', () => {
  expect(rolesAfter(addRoles('member'), ['editor', 'member'])).toBeUndefined();
});

test('takes at least one role, and no empty one', () => {
  // @ts-expect-error there is none
  expect(() => addRoles()).toThrow(TypeError);
  expect(() => addRoles('')).toThrow(TypeError);
  expect(() => addRoles('a', 1 as never)).toThrow(TypeError);
});
