import { expect, test } from 'vitest';
import { createAdmin, IdentityRefusal } from '../../src/identity/admin.ts';
import { createIdentityClient } from '../../src/identity/client.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { toUser } from '../../src/identity/user.ts';
import { codeOf } from '../support/rejection.ts';

const record = samplePayloads.modified.user;
const { id } = record;

interface Settings {
  operatorToken?: () => string | undefined;
  timeoutSeconds?: number;
}

function adminThatGets(answer: (request: Request) => Response | Promise<Response>, settings: Settings = {}) {
  const seen: Request[] = [];
  const client = createIdentityClient({
    url: 'https://site.example/.netlify/identity/',
    fetch: async (input, init) => {
      const request = new Request(input, init);
      seen.push(request);
      return answer(request);
    },
  });
  const admin = createAdmin({
    client: () => client,
    operatorToken: () => 'operator',
    timeoutSeconds: 5,
    ...settings,
  });
  return { admin, seen };
}

test('gets one user, with the operator token of the call', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  expect(await admin.get(id)).toEqual(toUser(record));
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer operator');
});

test('creates a user; what GoTrue would ignore is a mistake', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  const user = await admin.create({
    email: 'a@x.example',
    password: 'secret',
    userMetadata: { full_name: 'Ada' },
  });
  expect(user.id).toBe(id);
  expect(await seen[0]?.json()).toEqual({
    email: 'a@x.example',
    password: 'secret',
    confirm: false,
    user_metadata: { full_name: 'Ada' },
  });
  // @ts-expect-error roles are given by an update
  await expect(admin.create({ email: 'a', password: 'b', roles: ['admin'] })).rejects.toThrow(TypeError);
  await expect(admin.create({ email: 'a@x.example', password: '' })).rejects.toThrow(TypeError);
  expect(seen).toHaveLength(1);
});

test('updates what is named, and nothing else', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  expect(await admin.update(id, { roles: ['editor'], appMetadata: { plan: null }, confirm: true })).toEqual(
    toUser(record),
  );
  expect(await seen[0]?.json()).toEqual({ confirm: true, app_metadata: { plan: null, roles: ['editor'] } });
  await admin.update(id, { email: 'new@x.example', userMetadata: { color: 'red' } });
  expect(await seen[1]?.json()).toEqual({ email: 'new@x.example', user_metadata: { color: 'red' } });
});

test.each([
  [{ app_metadata: {} }],
  [{ roles: 'admin' }],
  [{ roles: ['a'], appMetadata: { roles: ['b'] } }],
  [{ userMetadata: 'x' }],
])('%j is a mistake', async (update) => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  await expect(admin.update(id, update as never)).rejects.toThrow(TypeError);
  expect(seen).toEqual([]);
});

test('an unknown user: nothing to get, nothing to delete, a refusal to update', async () => {
  const { admin } = adminThatGets(() => Response.json({ code: 404, msg: 'User not found' }, { status: 404 }));
  expect([await admin.get(id), await admin.delete(id)]).toEqual([undefined, false]);
  await expect(admin.update(id, {})).rejects.toMatchObject({
    code: 'identity_refused',
    identityStatus: 404,
    message: 'User not found',
  });
});

test('a refusal carries what GoTrue says', async () => {
  const msg = 'Email address already registered by another user';
  const { admin } = adminThatGets(() => Response.json({ code: 422, msg }, { status: 422 }));
  const error = await admin.create({ email: 'a', password: 'b' }).catch((reason) => reason);
  expect(error).toBeInstanceOf(IdentityRefusal);
  expect(error).toMatchObject({ code: 'identity_refused', identityStatus: 422, message: msg });
});

test('an operator token that GoTrue refuses is a refusal too', async () => {
  const { admin } = adminThatGets(() => Response.json({ msg: 'User not allowed' }, { status: 401 }));
  await expect(admin.delete(id)).rejects.toMatchObject({ code: 'identity_refused', identityStatus: 401 });
});

test('an Identity that cannot filter says so', async () => {
  const { admin } = adminThatGets(() => Response.json({ code: 500, msg: 'Database error' }, { status: 500 }));
  const page = admin.page({ filter: 'x' });
  await expect(page).rejects.toMatchObject({ code: 'identity_refused', identityStatus: 500 });
  await expect(page).rejects.toThrow('cannot filter');
});

test('a page that is too large says how to get a smaller one', async () => {
  const { admin } = adminThatGets(
    () => new Response('{}', { headers: { 'content-length': String(33 * 2 ** 20) } }),
  );
  const page = admin.page();
  await expect(page).rejects.toMatchObject({ code: 'identity_unavailable' });
  await expect(page).rejects.toThrow('The page is too large; set a smaller perPage.');
});

test.each([[{ email: null }], [{ email: undefined }], [{ email: 7 }]])(
  'a record with %j is listed with an empty e-mail',
  async (odd) => {
    const users = [
      record,
      { ...record, ...odd, id: crypto.randomUUID() },
      { ...record, id: crypto.randomUUID() },
    ];
    const { admin } = adminThatGets(() =>
      Response.json({ users, aud: '' }, { headers: { 'x-total-count': '3' } }),
    );
    const emails: string[] = [];
    for await (const { email } of admin.list()) emails.push(email);
    expect(emails).toEqual([record.email, '', record.email]);
  },
);

test('a role stored as a string is the only one', async () => {
  const stored = { ...record, app_metadata: { roles: 'editor' } };
  const { admin } = adminThatGets(() => Response.json(stored));
  expect(await admin.get(id)).toMatchObject({ roles: ['editor'], appMetadata: { roles: 'editor' } });
});

test.each([
  ['a page', () => new Response('<html>')],
  ['a record that is not a user', () => Response.json({ hello: 'world' })],
  ['a fault of the network', () => Promise.reject(new TypeError('fetch failed'))],
])('%s is not an answer of Identity', async (_, answer) => {
  const { admin } = adminThatGets(answer);
  expect(await codeOf(() => admin.get(id))).toBe('identity_unavailable');
  expect(await codeOf(() => admin.page())).toBe('identity_unavailable');
});

test('stops waiting after the timeout', async () => {
  const silent = (request: Request) =>
    new Promise<Response>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
    });
  const { admin } = adminThatGets(silent, { timeoutSeconds: 0.02 });
  expect(await codeOf(() => admin.delete(id))).toBe('identity_unavailable');
});

test('without an operator token it says where there is one, and sends nothing', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record), { operatorToken: () => undefined });
  const calls = [() => admin.get(id), () => admin.page(), () => admin.list().next(), () => admin.delete(id)];
  for (const call of calls) expect(await codeOf(call)).toBe('identity_context_missing');
  await expect(admin.get(id)).rejects.toThrow(
    'admin calls work in functions of a site with Identity enabled',
  );
  expect(seen).toEqual([]);
});

test.each([
  [{ perPage: 0 }],
  [{ perPage: 1001 }],
  [{ perPage: 1.5 }],
  [{ order: 'created_at asc' }],
  [{ page: 0 }],
  [{ sort: 'asc' }],
])('%j is a mistake', async (options) => {
  const { admin, seen } = adminThatGets(() => Response.json({ users: [] }));
  await expect(admin.page(options as never)).rejects.toThrow(TypeError);
  expect(() => admin.list(options as never)).toThrow(TypeError);
  expect(seen).toEqual([]);
});

test.each(['', '../users', '*', `${id}/..`, id.toUpperCase(), `${id} `, undefined])(
  'sends nothing about %j, which is not a UUID',
  async (bad) => {
    const { admin, seen } = adminThatGets(() => Response.json({}));
    await expect(admin.get(bad as string)).rejects.toThrow(TypeError);
    await expect(admin.update(bad as string, {})).rejects.toThrow(TypeError);
    await expect(admin.delete(bad as string)).rejects.toThrow(TypeError);
    expect(seen).toEqual([]);
  },
);
