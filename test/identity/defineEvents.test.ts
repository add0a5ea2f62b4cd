import { expect, expectTypeOf, test } from 'vitest';
import { defineIdentityEvents } from '../../src/identity/defineEvents.ts';
import type { UserChange } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { toUser } from '../../src/identity/user.ts';

/** A call as the platform makes it, and whether it was denied. */
async function validate(handler: () => unknown) {
  const { userValidate } = defineIdentityEvents({ validate: handler as () => UserChange });
  let denials = 0;
  const deny = () => {
    denials += 1;
    return undefined;
  };
  const reply = await userValidate({ user: { ...toUser(samplePayloads.validate.user) }, deny });
  return { reply, denials };
}

test('gives the properties that Netlify calls, one per handler', () => {
  const nothing = () => undefined;
  const all = { validate: nothing, signup: nothing, login: nothing, modified: nothing, deleted: nothing };
  expect(Object.keys(defineIdentityEvents(all))).toEqual([
    'userValidate',
    'userSignup',
    'userLogin',
    'userModified',
    'userDeleted',
  ]);
  const two = defineIdentityEvents({ login: nothing, deleted: nothing });
  expect(Object.keys(two)).toEqual(['userLogin', 'userDeleted']);
  expectTypeOf(two).toHaveProperty('userLogin');
  expectTypeOf(two).not.toHaveProperty('userValidate');
});

test('the types of each event say what GoTrue guarantees', () => {
  const functions = defineIdentityEvents({
    validate: ({ user }) => {
      expectTypeOf(user.confirmedAt).toEqualTypeOf<undefined>();
    },
    login: async ({ user }) => {
      expectTypeOf(user.confirmedAt).toEqualTypeOf<string>();
    },
    modified: ({ user, ...event }) => {
      // @ts-expect-error GoTrue has committed the change already
      event.deny;
      expectTypeOf(user.confirmedAt).toEqualTypeOf<string | undefined>();
      return user.roles && { roles: user.roles };
    },
    deleted: (event) => {
      // @ts-expect-error there is nothing to deny
      event.deny();
    },
  });
  expect(Object.keys(functions)).toHaveLength(4);
});

test('a change of modified is a reply too', async () => {
  const { userModified } = defineIdentityEvents({ modified: () => ({ userMetadata: { k: null } }) });
  const reply = await userModified({ user: { ...toUser(samplePayloads.modified.user) } });
  expect(reply?.user.userMetadata).toEqual({ color: 'blue', full_name: 'No One', proof: 'abc' });
});

test.each([
  [
    { validat: () => undefined },
    'validat is unknown; did you mean validate? The fields are validate, signup, login, modified, deleted.',
  ],
  [{ userValidate: () => undefined }, 'userValidate is unknown'],
  [{ toString: () => '' }, 'toString is unknown'],
  [{}, 'needs at least one handler'],
  [{ validate: undefined }, 'validate must be a function.'],
  [{ login: 'yes' }, 'login must be a function.'],
])('%o is a mistake', (handlers, words) => {
  expect(() => defineIdentityEvents(handlers as never)).toThrow(words);
  expect(() => defineIdentityEvents(handlers as never)).toThrow(TypeError);
});

test('a misspelt handler does not compile', () => {
  // @ts-expect-error it is validate
  expect(() => defineIdentityEvents({ validat: () => undefined, login: () => undefined })).toThrow(TypeError);
});

test.each([[undefined], [null], [{}], [{ roles: undefined }]])('%o changes nothing', async (change) => {
  expect(await validate(() => change)).toEqual({ reply: undefined, denials: 0 });
});

test('a reply holds all metadata, and nothing that could win over them', async () => {
  const { reply } = await validate(async () => ({ roles: ['member'], userMetadata: { proof: null } }));
  expect(reply).toEqual({
    user: {
      id: samplePayloads.validate.user.id,
      appMetadata: { provider: 'email', roles: ['member'] },
      userMetadata: { full_name: 'No One' },
    },
  });
});

test('a handler sees a role stored as a string, which the platform drops', async () => {
  let seen: unknown;
  const { userLogin } = defineIdentityEvents({
    login: ({ user }) => {
      seen = user.roles;
      return { roles: [...(user.roles ?? []), 'member'] };
    },
  });
  const { roles: _, ...user } = toUser({ ...samplePayloads.login.user, app_metadata: { roles: 'editor' } });
  const reply = await userLogin({ user, deny: () => undefined });
  expect(seen).toEqual(['editor']);
  expect(reply?.user.appMetadata).toEqual({ roles: ['editor', 'member'] });
});

test('a user without an e-mail has an empty one, in every event', async () => {
  const seen: string[] = [];
  const listen = ({ user }: { user: { email: string } }) => void seen.push(user.email);
  const { userLogin, userDeleted } = defineIdentityEvents({ login: listen, deleted: listen });
  for (const email of [null, undefined]) {
    const user = { ...toUser(samplePayloads.login.user), email } as never;
    await userLogin({ user, deny: () => undefined });
    await userDeleted({ user });
  }
  expect(seen).toEqual(['', '', '', '']);
});

test('denies through the platform, once', async () => {
  const { userSignup } = defineIdentityEvents({ signup: (event) => event.deny() });
  const calls: string[] = [];
  const deny = () => void calls.push('denied') as undefined;
  expect(await userSignup({ user: { ...toUser(samplePayloads.signup.user) }, deny })).toBeUndefined();
  expect(calls).toEqual(['denied']);
});

test.each([
  [
    { app_metadata: {} },
    'app_metadata is unknown; did you mean appMetadata? The fields are roles, appMetadata, userMetadata.',
  ],
  [{ user: {} }, 'user is unknown'],
  [{ roles: 'member' }, 'roles must be a list'],
  [{ appMetadata: ['member'] }, 'appMetadata must be an object.'],
  ['denied', 'returns a change'],
  [false, 'returns a change'],
])('%o is not a change: the call fails, which GoTrue takes for a refusal', async (change, words) => {
  await expect(validate(() => change)).rejects.toThrow(words);
});

test('the platform gets what a handler throws, also from deleted', async () => {
  const fault = new Error('no database');
  await expect(validate(() => Promise.reject(fault))).rejects.toBe(fault);
  const { userDeleted } = defineIdentityEvents({ deleted: () => Promise.reject(fault) });
  await expect(userDeleted({ user: { ...toUser(samplePayloads.deleted.user) } })).rejects.toBe(fault);
});

test('what deleted returns is not a reply', async () => {
  const { userDeleted } = defineIdentityEvents({ deleted: () => ({ roles: [] }) as never });
  expect(await userDeleted({ user: { ...toUser(samplePayloads.deleted.user) } })).toBeUndefined();
});

test.each([
  ['modified', 'userModified'],
  ['deleted', 'userDeleted'],
] as const)('a denial in %s throws, and is not passed to the platform', async (name, property) => {
  const handlers = { [name]: (event: { deny(): undefined }) => event.deny() };
  const functions = defineIdentityEvents(handlers as never) as unknown as Record<
    string,
    (event: object) => Promise<unknown>
  >;
  const deny = () => expect.unreachable('GoTrue would only log it');
  const event = { user: { ...toUser(samplePayloads[name].user) }, deny };
  const denied = functions[property]?.(event);
  await expect(denied).rejects.toThrow(
    `${property} cannot deny: GoTrue has committed the change already. Only validate, signup and login can.`,
  );
  await expect(denied).rejects.toBeInstanceOf(TypeError);
});
