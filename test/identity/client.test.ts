import { expect, test } from 'vitest';
import { createIdentityClient, GoTrueError, type IdentityClient } from '../../src/identity/client.ts';
import type { UserId } from '../../src/identity/user.ts';
import { codeOf } from '../support/rejection.ts';

const id = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1' as UserId;
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
  ['a 404 page', () => new Response('<html>', { status: 404 })],
  ['a 401 without a reason', () => new Response(null, { status: 401 })],
])('%s is not an answer of GoTrue about a user', async (_, answer) => {
  const { client } = clientThatGets(answer);
  expect(await codeOf(() => client.getUser('abc', signal))).toBe('identity_unavailable');
  if (answer().status === 401) return;
  expect(await codeOf(() => client.findUser(id, 'operator', signal))).toBe('identity_unavailable');
});

/** An endless body. */
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
])('%s stops reading an endless answer', async (_, code, call) => {
  const { response, chunks, isCancelled } = endless();
  expect(await codeOf(() => call(clientThatGets(() => response).client))).toBe(code);
  expect([chunks() < 10, isCancelled()]).toEqual([true, true]);
  const error = endless(500);
  expect(await codeOf(() => call(clientThatGets(() => error.response).client))).toBe('identity_unavailable');
  expect(error.isCancelled()).toBe(true);
});

test('a list is read up to maxBytes, and not at all if its Content-Length is larger', async () => {
  const { response, chunks } = endless();
  const listed = clientThatGets(() => response).client.listUsers(firstPage, 'operator', signal);
  expect([await listed, chunks() < 4]).toEqual(['too_large', true]);
  const long = endless(200, { 'content-length': '10001' });
  const second = clientThatGets(() => long.response).client.listUsers(firstPage, 'operator', signal);
  expect([await second, long.chunks() < 2, long.isCancelled()]).toEqual(['too_large', true, true]);
});

const notFound = () => Response.json({ code: 404, msg: 'User not found' }, { status: 404 });
const record = { id, email: 'a@x.example' };

test.each<[string, (client: IdentityClient) => Promise<unknown>, string, object | undefined, unknown]>([
  ['GET', (client) => client.findUser(id, 'operator', signal), `/${id}`, undefined, undefined],
  ['DELETE', (client) => client.deleteUser(id, 'operator', signal), `/${id}`, undefined, false],
  ['POST', (client) => client.createUser({ email: 'a' }, 'operator', signal), '', { email: 'a' }, 404],
  [
    'PUT',
    (client) => client.updateUser(id, { confirm: true }, 'operator', signal),
    `/${id}`,
    { confirm: true },
    404,
  ],
])(
  '%s /admin/users: with the operator token; an unknown user differs from a failure',
  async (method, call, path, sent, unknown) => {
    const { client, seen } = clientThatGets(() => Response.json(method === 'DELETE' ? {} : record));
    expect(await call(client)).toEqual(method === 'DELETE' ? true : record);
    const [request] = seen;
    expect([request?.method, request?.url, request?.redirect]).toEqual([
      method,
      `https://site.example/.netlify/identity/admin/users${path}`,
      'manual',
    ]);
    expect(request?.headers.get('authorization')).toBe('Bearer operator');
    expect(await request?.text()).toBe(sent ? JSON.stringify(sent) : '');
    expect(request?.headers.get('content-type')).toBe(sent ? 'application/json' : null);
    const answer = await call(clientThatGets(notFound).client).catch((error) => error.cause.status);
    expect(answer).toBe(unknown);
    for (const odd of [
      () => new Response('<html>'),
      () => new Response(null, { status: 204 }),
      () => Response.json([]),
    ]) {
      expect(await codeOf(() => call(clientThatGets(odd).client))).toBe('identity_unavailable');
    }
    for (const status of [400, 422, 429, 500]) {
      const failure = () => Response.json({ msg: 'so' }, { status });
      expect(await codeOf(() => call(clientThatGets(failure).client))).toBe('identity_unavailable');
    }
    for (const status of [401, 403]) {
      const refusal = () => Response.json({ msg: 'User not allowed' }, { status });
      expect(await codeOf(() => call(clientThatGets(refusal).client))).toBe('operator_token_refused');
      expect(await codeOf(() => call(clientThatGets(() => new Response(null, { status })).client))).toBe(
        'operator_token_refused',
      );
    }
  },
);

test('the cause of a failure is what GoTrue says', async () => {
  const msg = 'Email address already registered by another user';
  const { client } = clientThatGets(() => Response.json({ code: 422, msg }, { status: 422 }));
  await expect(client.createUser({}, 'operator', signal)).rejects.toMatchObject({
    code: 'identity_unavailable',
    retryAfterSeconds: 2,
    cause: new GoTrueError(422, msg),
  });
});

test('a deletion that is not answered as GoTrue does is not one', async () => {
  for (const answer of [() => Response.json({ ok: true }), () => new Response('<html>', { status: 404 })]) {
    const { client } = clientThatGets(answer);
    expect(await codeOf(() => client.deleteUser(id, 'operator', signal))).toBe('identity_unavailable');
  }
});

const firstPage = { page: 2, perPage: 100, audience: '', maxBytes: 10_000 };
const listOf = (users: unknown, count = '7') =>
  Response.json({ aud: '', users }, { headers: { 'x-total-count': count } });

test('lists the users of one audience, by the time of creation', async () => {
  const { client, seen } = clientThatGets(() => listOf([{ id }]));
  expect(await client.listUsers(firstPage, 'operator', signal)).toEqual({
    users: [{ id }],
    total: 7,
    audience: '',
  });
  const second = { ...firstPage, audience: 'other', order: 'newest', filter: '@a&b' } as const;
  await client.listUsers(second, 'operator', signal);
  const [plain, narrow] = seen.map((request) => new URL(request.url));
  expect(plain?.pathname).toBe('/.netlify/identity/admin/users');
  expect(Object.fromEntries(plain?.searchParams ?? [])).toEqual({
    page: '2',
    per_page: '100',
    sort: 'created_at asc',
  });
  expect(narrow?.searchParams.get('filter')).toBe('@a&b');
  expect(narrow?.searchParams.get('sort')).toBe('created_at desc');
  expect(seen.map((request) => request.headers.get('x-jwt-aud'))).toEqual([null, 'other']);
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer operator');
});

test('an Identity that cannot filter differs from one that fails', async () => {
  const { client, seen } = clientThatGets(() => new Response(null, { status: 500 }));
  expect(await client.listUsers({ ...firstPage, filter: 'x' }, 'operator', signal)).toBe('no_filter');
  expect(seen.map(({ url }) => new URL(url).searchParams.get('filter'))).toEqual(['x', 'x']);
  expect(await codeOf(() => client.listUsers(firstPage, 'operator', signal))).toBe('identity_unavailable');
  expect(seen).toHaveLength(3);
});

test.each([501, 502, 503, 504, 429])(
  '%i is not the answer of a GoTrue that cannot filter',
  async (status) => {
    const { client, seen } = clientThatGets(() => new Response(null, { status }));
    const asked = { ...firstPage, filter: 'x' };
    expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
    expect(seen).toHaveLength(1);
  },
);

test.each([
  ['an empty list', () => listOf([])],
  ['502', () => new Response(null, { status: 502 })],
])('a filtered page fails although the empty one is answered %s', async (_, second) => {
  const answers = [() => new Response(null, { status: 500 }), second];
  const { client } = clientThatGets(() => answers.shift()?.() ?? Response.error());
  const asked = { ...firstPage, filter: 'x' };
  expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
});

test.each([
  ['no list', () => listOf(undefined)],
  ['no total', () => Response.json({ users: [] })],
  ['a wrong total', () => listOf([], 'many')],
  ['no JSON', () => new Response('<html>')],
  ['null', () => Response.json(null)],
  ['a redirect', () => new Response(null, { status: 302 })],
])('%s is not a list of users', async (_, answer) => {
  const { client } = clientThatGets(answer);
  const asked = { ...firstPage, filter: 'x' };
  expect(await codeOf(() => client.listUsers(asked, 'operator', signal))).toBe('identity_unavailable');
});

test.each([401, 403])(
  'a list that is answered %i says that the operator token was refused',
  async (status) => {
    const { client } = clientThatGets(() => new Response(null, { status }));
    expect(await codeOf(() => client.listUsers(firstPage, 'wrong', signal))).toBe('operator_token_refused');
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
