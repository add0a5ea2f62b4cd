import { expect, test } from 'vitest';
import { createIdentityClient } from '../../src/identity/client.ts';
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
  const { client } = clientThatGets(() => new Response(null, { status }));
  expect(await codeOf(() => client.getUser('abc', signal))).toBe(code);
});

test('an answer that is no JSON is no answer', async () => {
  const { client } = clientThatGets(() => new Response('<html>'));
  expect(await codeOf(() => client.getUser('abc', signal))).toBe('identity_unavailable');
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
  const gone = clientThatGets(() => new Response(null, { status: 404 }));
  expect(await gone.client.deleteUser(id, 'operator', signal)).toBe(false);
  const refused = clientThatGets(() => new Response(null, { status: 401 }));
  expect(await codeOf(() => refused.client.deleteUser(id, 'operator', signal))).toBe('identity_unavailable');
});

test('never deletes what is no UUID', async () => {
  const { client, seen } = clientThatGets(() => Response.json({}));
  await expect(client.deleteUser('../users', 'operator', signal)).rejects.toThrow(TypeError);
  expect(seen).toEqual([]);
});

const firstPage = { page: 2, perPage: 100, audience: '' };
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
  expect(await client.listUsers({ ...firstPage, filter: 'x' }, 'operator', signal)).toBeUndefined();
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
  ['a list', () => listOf([]), undefined],
  ['502', () => new Response(null, { status: 502 }), 'identity_unavailable'],
])('a filter that fails once, and then is answered %s', async (_, second, code) => {
  const answers = [() => new Response(null, { status: 500 }), second];
  const { client } = clientThatGets(() => answers.shift()?.() ?? Response.error());
  const listed = client.listUsers({ ...firstPage, filter: 'x' }, 'operator', signal);
  if (code === undefined) expect(await listed).toMatchObject({ users: [], total: 7 });
  else expect(await codeOf(() => listed)).toBe(code);
});

test.each([
  ['no list', () => listOf(undefined)],
  ['no total', () => Response.json({ users: [] })],
  ['a total that is none', () => listOf([], 'many')],
  ['no JSON', () => new Response('<html>')],
  ['null', () => Response.json(null)],
  ['the token refused', () => new Response(null, { status: 401 })],
  ['a redirect', () => new Response(null, { status: 302 })],
])('%s is no list of users', async (_, answer) => {
  const { client } = clientThatGets(answer);
  const asked = { ...firstPage, filter: 'x' };
  expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
});

test('reads the two settings that matter, and nothing that is not GoTrue', async () => {
  const open = clientThatGets(() => Response.json({ disable_signup: false, autoconfirm: true }));
  expect(await open.client.getSettings(signal)).toEqual({ registrationOpen: true, autoconfirm: true });
  const other = clientThatGets(() => Response.json({ hello: 'world' }));
  expect(await codeOf(() => other.client.getSettings(signal))).toBe('identity_unavailable');
});
