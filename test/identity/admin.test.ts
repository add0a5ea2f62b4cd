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

test('gets one user, with the operator token, and follows no redirect', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  expect(await admin.get(id)).toEqual(toUser(record));
  const [request] = seen;
  expect([request?.method, request?.url]).toEqual([
    'GET',
    `https://site.example/.netlify/identity/admin/users/${id}`,
  ]);
  expect(request?.headers.get('authorization')).toBe('Bearer operator');
  expect(request?.redirect).toBe('manual');
});

test('creates, and leaves what GoTrue would ignore to a mistake', async () => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  const user = await admin.create({
    email: 'a@x.example',
    password: 'secret',
    userMetadata: { full_name: 'Ada' },
  });
  expect(user.id).toBe(id);
  expect([seen[0]?.method, seen[0]?.url]).toEqual([
    'POST',
    'https://site.example/.netlify/identity/admin/users',
  ]);
  expect(seen[0]?.headers.get('content-type')).toBe('application/json');
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
  expect(seen[0]?.method).toBe('PUT');
  expect(await seen[0]?.json()).toEqual({ confirm: true, app_metadata: { plan: null, roles: ['editor'] } });
  await admin.update(id, { email: 'new@x.example', userMetadata: { color: 'red' } });
  expect(await seen[1]?.json()).toEqual({ email: 'new@x.example', user_metadata: { color: 'red' } });
});

test.each([
  [{ app_metadata: {} }],
  [{ roles: 'admin' }],
  [{ roles: ['a'], appMetadata: { roles: ['b'] } }],
  [{ userMetadata: 'x' }],
])('%j is no update', async (update) => {
  const { admin, seen } = adminThatGets(() => Response.json(record));
  await expect(admin.update(id, update as never)).rejects.toThrow(TypeError);
  expect(seen).toEqual([]);
});

test('a deletion of nobody is told apart from one that failed', async () => {
  const { admin, seen } = adminThatGets(() => Response.json({}));
  expect(await admin.delete(id)).toBe(true);
  expect(seen[0]?.method).toBe('DELETE');
  const gone = adminThatGets(() => Response.json({ code: 404, msg: 'User not found' }, { status: 404 }));
  expect(await gone.admin.delete(id)).toBe(false);
  expect(await gone.admin.get(id)).toBeUndefined();
  const refused = adminThatGets(() => Response.json({ msg: 'User not allowed' }, { status: 401 }));
  expect(await codeOf(() => refused.admin.delete(id))).toBe('identity_refused');
});

test.each(['', '../users', '*', `${id}/..`, id.toUpperCase(), `${id} `, undefined])(
  'sends nothing about %j, which is no UUID',
  async (bad) => {
    const { admin, seen } = adminThatGets(() => Response.json({}));
    for (const call of [admin.get, admin.delete, (text: string) => admin.update(text, {})]) {
      await expect(call(bad as string)).rejects.toThrow(TypeError);
    }
    expect(seen).toEqual([]);
  },
);

test('a refusal carries what GoTrue says', async () => {
  const msg = 'Email address already registered by another user';
  const { admin } = adminThatGets(() => Response.json({ code: 422, msg }, { status: 422 }));
  const error = await admin.create({ email: 'a', password: 'b' }).catch((reason) => reason);
  expect(error).toBeInstanceOf(IdentityRefusal);
  expect(error).toMatchObject({ code: 'identity_refused', identityStatus: 422, message: msg });
  // Nobody to update is a refusal too: there is no user to give back.
  const gone = adminThatGets(() => Response.json({ code: 404, msg: 'User not found' }, { status: 404 }));
  await expect(gone.admin.update(id, {})).rejects.toMatchObject({ identityStatus: 404 });
});

test.each([[{ email: null }], [{ email: undefined }], [{ email: 7 }]])(
  'a record with %j does not end the list: its e-mail is empty',
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

test('a role that is stored as text is listed as one', async () => {
  const stored = { ...record, app_metadata: { roles: 'editor' } };
  const { admin } = adminThatGets(() => Response.json(stored));
  expect(await admin.get(id)).toMatchObject({ roles: ['editor'], appMetadata: { roles: 'editor' } });
});

test.each([
  ['a redirect', () => new Response(null, { status: 302, headers: { location: 'https://evil.example' } })],
  ["a site's own 404 page", () => new Response('<html>Not found', { status: 404 })],
  ['a page', () => new Response('<html>')],
  ['somebody else', () => Response.json({ hello: 'world' })],
  ['a gateway', () => Response.json({ error: 'x' }, { status: 502 })],
  ['a fault of the network', () => Promise.reject(new TypeError('fetch failed'))],
])('%s is no Identity', async (_, answer) => {
  const { admin } = adminThatGets(answer);
  expect(await codeOf(() => admin.get(id))).toBe('identity_unavailable');
  expect(await codeOf(() => admin.page())).toBe('identity_unavailable');
});

test('does not wait for ever', async () => {
  const silent = (request: Request) =>
    new Promise<Response>((_, reject) => {
      request.signal.addEventListener('abort', () => reject(request.signal.reason));
    });
  const { admin } = adminThatGets(silent, { timeoutSeconds: 0.02 });
  expect(await codeOf(() => admin.delete(id))).toBe('identity_unavailable');
  for (const timeoutSeconds of [0, -1, Number.NaN]) {
    expect(() => adminThatGets(silent, { timeoutSeconds })).toThrow(TypeError);
  }
});

test('without an operator token, it says where there is one, and sends nothing', async () => {
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
])('%j is no way to list', async (options) => {
  const { admin, seen } = adminThatGets(() => Response.json({ users: [] }));
  await expect(admin.page(options as never)).rejects.toThrow(TypeError);
  expect(() => admin.list(options as never)).toThrow(TypeError);
  expect(seen).toEqual([]);
});
