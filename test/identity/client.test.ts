import { expect, test } from 'vitest';
import { createIdentityClient, type IdentityClient } from '../../src/identity/client.ts';
import { codeOf } from '../support/rejection.ts';

const id = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const signal = new AbortController().signal;

function clientThatGets(answer: () => Response) {
  const seen: Request[] = [];
  const client = createIdentityClient({
    url: 'https://site.example/.netlify/identity/',
    fetch: async (input, init) => {
      seen.push(new Request(input, init));
      return answer();
    },
  });
  return { client, seen };
}

test('asks for the user with the token of the caller', async () => {
  const { client, seen } = clientThatGets(() => Response.json({ id }));
  expect(await client.getUser('abc', signal)).toEqual({ id });
  expect(seen[0]?.url).toBe('https://site.example/.netlify/identity/user');
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer abc');
  expect(seen[0]?.redirect).toBe('manual');
});

test.each([
  [401, 'subject_token_rejected'],
  [404, 'subject_token_user_gone'],
  [302, 'identity_unavailable'],
  [403, 'identity_unavailable'],
  [429, 'identity_unavailable'],
  [500, 'identity_unavailable'],
])('a user that answers %i is %s', async (status, code) => {
  const { client } = clientThatGets(() => Response.json({ code: status, msg: 'so' }, { status }));
  expect(await codeOf(() => client.getUser('abc', signal))).toBe(code);
});

test.each([
  ['a page', () => new Response('<html>')],
  ['nothing', () => new Response(null)],
  ['another success', () => new Response(JSON.stringify({ id }), { status: 201 })],
  ['a list', () => Response.json([])],
  ['null', () => Response.json(null)],
  ['a 404 that is none of GoTrue', () => new Response('<html>', { status: 404 })],
  ['a 401 that is none of GoTrue', () => new Response(null, { status: 401 })],
])('%s is no answer of GoTrue about a user', async (_, answer) => {
  const { client } = clientThatGets(answer);
  expect(await codeOf(() => client.getUser('abc', signal))).toBe('identity_unavailable');
  if (answer().status === 401) return;
  expect(await codeOf(() => client.findUser(id, 'operator', signal))).toBe('identity_unavailable');
});

/** A body without an end: who reads on and on never returns. */
function endless(status = 200, headers: Record<string, string> = {}) {
  let chunks = 0;
  let isCancelled = false;
  const body = new ReadableStream({
    pull: (controller) => {
      chunks += 1;
      controller.enqueue(new TextEncoder().encode(' '.repeat(16_384)));
    },
    cancel: () => {
      isCancelled = true;
    },
  });
  const response = new Response(body, { status, headers: { 'x-total-count': '1', ...headers } });
  return { response, chunks: () => chunks, isCancelled: () => isCancelled };
}

test.each([
  ['getUser', 'not_throwaway', (client: IdentityClient) => client.getUser('abc', signal)],
  ['deleteUser', 'identity_unavailable', (client: IdentityClient) => client.deleteUser(id, 'o', signal)],
  ['getSettings', 'identity_unavailable', (client: IdentityClient) => client.getSettings(signal)],
])('%s reads no endless answer', async (_, code, call) => {
  const { response, chunks, isCancelled } = endless();
  expect(await codeOf(() => call(clientThatGets(() => response).client))).toBe(code);
  expect([chunks() < 10, isCancelled()]).toEqual([true, true]);
  const error = endless(500);
  expect(await codeOf(() => call(clientThatGets(() => error.response).client))).toBe('identity_unavailable');
  expect(error.isCancelled()).toBe(true);
});

test('a list is read up to the bound that was asked for, and not at all where its length says more', async () => {
  const { response, chunks } = endless();
  const listed = clientThatGets(() => response).client.listUsers(firstPage, 'operator', signal);
  expect([await listed, chunks() < 4]).toEqual(['too_large', true]);
  const long = endless(200, { 'content-length': '10001' });
  const second = clientThatGets(() => long.response).client.listUsers(firstPage, 'operator', signal);
  expect([await second, long.chunks() < 2, long.isCancelled()]).toEqual(['too_large', true, true]);
});

test('finds a user by its id, or nobody', async () => {
  const there = clientThatGets(() => Response.json({ id }));
  expect(await there.client.findUser(id, 'operator', signal)).toEqual({ id });
  expect(there.seen[0]?.url).toBe(`https://site.example/.netlify/identity/admin/users/${id}`);
  const gone = clientThatGets(() => Response.json({ code: 404, msg: 'User not found' }, { status: 404 }));
  expect(await gone.client.findUser(id, 'operator', signal)).toBeUndefined();
});

test('deletes with the operator token', async () => {
  const { client, seen } = clientThatGets(() => Response.json({}));
  expect(await client.deleteUser(id, 'operator', signal)).toBe(true);
  expect([seen[0]?.method, seen[0]?.url]).toEqual([
    'DELETE',
    `https://site.example/.netlify/identity/admin/users/${id}`,
  ]);
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer operator');
});

test('a delete of nobody is told apart from one that failed', async () => {
  const gone = clientThatGets(() => Response.json({ code: 404, msg: 'User not found' }, { status: 404 }));
  expect(await gone.client.deleteUser(id, 'operator', signal)).toBe(false);
  const refused = clientThatGets(() => new Response(null, { status: 401 }));
  expect(await codeOf(() => refused.client.deleteUser(id, 'operator', signal))).toBe(
    'operator_token_refused',
  );
  for (const answer of [
    () => new Response('<html>'),
    () => new Response(null, { status: 204 }),
    () => Response.json({ ok: true }),
    () => Response.json([]),
    () => new Response('<html>', { status: 404 }),
  ]) {
    const odd = clientThatGets(answer).client;
    expect(await codeOf(() => odd.deleteUser(id, 'operator', signal))).toBe('identity_unavailable');
  }
});

test('never deletes what is no UUID', async () => {
  const { client, seen } = clientThatGets(() => Response.json({}));
  await expect(client.deleteUser('../users', 'operator', signal)).rejects.toThrow(TypeError);
  expect(seen).toEqual([]);
});

const firstPage = { page: 2, perPage: 100, audience: '', maxBytes: 10_000 };
const listOf = (users: unknown, count = '7') =>
  Response.json({ aud: '', users }, { headers: { 'x-total-count': count } });

test('lists the users of one audience, oldest first', async () => {
  const { client, seen } = clientThatGets(() => listOf([{ id }]));
  expect(await client.listUsers(firstPage, 'operator', signal)).toEqual({
    users: [{ id }],
    total: 7,
    audience: '',
  });
  await client.listUsers({ ...firstPage, audience: 'other', filter: '@a&b' }, 'operator', signal);
  const [plain, narrow] = seen.map((request) => new URL(request.url));
  expect(plain?.pathname).toBe('/.netlify/identity/admin/users');
  expect(Object.fromEntries(plain?.searchParams ?? [])).toEqual({
    page: '2',
    per_page: '100',
    sort: 'created_at asc',
  });
  expect(narrow?.searchParams.get('filter')).toBe('@a&b');
  expect(seen.map((request) => request.headers.get('x-jwt-aud'))).toEqual([null, 'other']);
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer operator');
});

test('an Identity that fails over a filter is told apart from one that fails', async () => {
  const { client, seen } = clientThatGets(() => new Response(null, { status: 500 }));
  expect(await client.listUsers({ ...firstPage, filter: 'x' }, 'operator', signal)).toBe('no_filter');
  expect(seen.map(({ url }) => new URL(url).searchParams.get('filter'))).toEqual(['x', 'x']);
  expect(await codeOf(() => client.listUsers(firstPage, 'operator', signal))).toBe('identity_unavailable');
  expect(seen).toHaveLength(3);
});

test.each([501, 502, 503, 504, 429])('a filter that is answered %i was not what failed', async (status) => {
  const { client, seen } = clientThatGets(() => new Response(null, { status }));
  const asked = { ...firstPage, filter: 'x' };
  expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
  expect(seen).toHaveLength(1);
});

test.each([
  ['an empty list', () => listOf([])],
  ['502', () => new Response(null, { status: 502 })],
])(
  'a filtered page that fails, while one that holds nobody is answered %s, is no list',
  async (_, second) => {
    const answers = [() => new Response(null, { status: 500 }), second];
    const { client } = clientThatGets(() => answers.shift()?.() ?? Response.error());
    const asked = { ...firstPage, filter: 'x' };
    expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
  },
);

test.each([
  ['no list', () => listOf(undefined)],
  ['no total', () => Response.json({ users: [] })],
  ['a total that is none', () => listOf([], 'many')],
  ['no JSON', () => new Response('<html>')],
  ['null', () => Response.json(null)],
  ['a redirect', () => new Response(null, { status: 302 })],
])('%s is no list of users', async (_, answer) => {
  const { client } = clientThatGets(answer);
  const asked = { ...firstPage, filter: 'x' };
  expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
});

test.each([401, 403])(
  'a list that is answered %i says that the operator token was refused',
  async (status) => {
    const { client } = clientThatGets(() => new Response(null, { status }));
    expect(await codeOf(() => client.listUsers(firstPage, 'wrong', signal))).toBe('operator_token_refused');
    expect(await codeOf(() => client.findUser(id, 'wrong', signal))).toBe('operator_token_refused');
  },
);

test('reads the settings that matter, and nothing that is not GoTrue', async () => {
  const settings = { disable_signup: false, autoconfirm: true };
  const open = clientThatGets(() => Response.json(settings));
  expect(await open.client.getSettings(signal)).toEqual({
    registrationOpen: true,
    autoconfirm: true,
    emailEnabled: true,
  });
  const withoutEmail = clientThatGets(() => Response.json({ ...settings, external: { email: false } }));
  expect((await withoutEmail.client.getSettings(signal)).emailEnabled).toBe(false);
  const other = clientThatGets(() => Response.json({ hello: 'world' }));
  expect(await codeOf(() => other.client.getSettings(signal))).toBe('identity_unavailable');
});
