import { beforeEach, expect, test, vi } from 'vitest';
import { createSession, type Session } from '../../client/index.ts';
import { FakeSite, json, optionsWith, origin, tokenRefused } from './support/fakeSite.ts';
import { freeze } from './support/freeze.ts';

// What stands under us (a recorder of errors, say) gets what the page passed, with our field added.

freeze();
const address = `${origin}/api/x`;
let site: FakeSite;
let session: Session;
/** What a wrapper that was there before us got for each call of the API. */
let passed: [RequestInfo | URL, RequestInit | undefined][];

beforeEach(async () => {
  site = new FakeSite();
  site.install();
  passed = [];
  const found = fetch;
  vi.stubGlobal('fetch', (input: RequestInfo | URL, init?: RequestInit) => {
    const url = input instanceof Request ? input.url : `${input}`;
    if (url.includes('/api/')) passed.push([input, init]);
    return found(input, init);
  });
  session = createSession(optionsWith());
  await session.token();
  session.attach([`${origin}/api/`]);
  site.lines();
});

const authorization = 'Bearer access-2';

test('text stays text, with options that were not there before', async () => {
  await fetch(address);
  expect(passed).toEqual([[address, { headers: { Authorization: authorization } }]]);
});

test('a URL stays a URL, and is what it was when the page called', async () => {
  const url = new URL(address);
  const call = fetch(url);
  url.pathname = '/api/other';
  await call;
  expect(passed[0]?.[0]).toBeInstanceOf(URL);
  expect(`${passed[0]?.[0]}`).toBe(address);
});

test('options stay options, unknown ones too', async () => {
  const { signal } = new AbortController();
  const init = {
    method: 'POST',
    body: '{"a":1}',
    headers: { 'Content-Type': 'application/json' },
    signal,
    keepalive: true,
    priority: 'high' as const,
    credentials: 'include' as const,
    next: { revalidate: 1 },
  };
  await fetch(address, init);
  expect(passed).toEqual([
    [address, { ...init, headers: { 'Content-Type': 'application/json', Authorization: authorization } }],
  ]);
  expect(passed[0]?.[1]?.signal).toBe(signal);
});

test('options that mean none mean none', async () => {
  await fetch(address, { body: null, signal: null, method: undefined } as unknown as RequestInit);
  expect(passed[0]?.[1]).toEqual({
    body: null,
    signal: null,
    method: undefined,
    headers: { Authorization: authorization },
  });
});

test.each<[string, () => HeadersInit, (headers: HeadersInit) => unknown]>([
  ['plain', () => ({ 'X-A': '1' }), (headers) => headers],
  ['Headers', () => new Headers({ 'X-A': '1' }), (headers) => Object.fromEntries(headers as Headers)],
  ['a list', () => [['X-A', '1']], (headers) => Object.fromEntries(headers as Headers)],
])(
  'header fields that are %s can be read as before, and the page’s own stay as they are',
  async (_, make, read) => {
    const headers = make();
    const before = JSON.stringify([...new Headers(headers)]);
    await fetch(address, { headers });
    const got = new Headers(passed[0]?.[1]?.headers);
    expect([got.get('x-a'), got.get('authorization')]).toEqual(['1', authorization]);
    expect(Object.keys(read(passed[0]?.[1]?.headers as HeadersInit) as object)).toHaveLength(2);
    expect(JSON.stringify([...new Headers(headers)])).toBe(before);
  },
);

test('a Request stays a Request', async () => {
  const request = new Request(address, { method: 'PUT', body: 'a', headers: { 'X-A': '1' } });
  await fetch(request);
  const [input, init] = passed[0] ?? [];
  expect(input).toBeInstanceOf(Request);
  expect(init).toBeUndefined();
  expect((input as Request).headers.get('authorization')).toBe(authorization);
  expect((input as Request).headers.get('x-a')).toBe('1');
  expect(request.headers.get('authorization')).toBeNull();
  // As after any fetch.
  expect(request.bodyUsed).toBe(true);
  expect(site.calls.map(({ line, body }) => [line, body])).toEqual([['PUT /api/x', 'a']]);
});

test('options passed with a Request go into it: its fields give way to theirs', async () => {
  const request = new Request(address, { method: 'POST', body: 'a', headers: { 'X-A': '1', 'X-B': '1' } });
  await fetch(request, { headers: { 'X-A': '2' }, cache: 'no-store' });
  const [input, init] = passed[0] ?? [];
  expect(init).toBeUndefined();
  expect((input as Request).cache).toBe('no-store');
  expect(site.calls[0]?.headers.get('x-a')).toBe('2');
  expect(site.calls[0]?.headers.get('x-b')).toBeNull();
  expect(site.calls[0]?.body).toBe('a');
});

test('a Request in the place of options is read as fetch reads it', async () => {
  await fetch(address, new Request(`${origin}/other`, { method: 'DELETE', headers: { 'X-A': '1' } }));
  expect(
    site.calls.map(({ line, headers }) => [line, headers.get('x-a'), headers.get('authorization')]),
  ).toEqual([['DELETE /api/x', '1', authorization]]);
});

const form = () => {
  const data = new FormData();
  data.append('a', '1');
  data.append('b', new File(['x'], 'n.txt'));
  return data;
};

test.each<[string, () => BodyInit]>([
  ['text', () => 'a'],
  ['a form', () => new URLSearchParams('a=1')],
  ['files', form],
  ['a Blob', () => new Blob(['a'])],
  ['an ArrayBuffer', () => new Uint8Array([1, 2]).buffer],
  ['bytes', () => new Uint8Array([1, 2, 3]).subarray(1)],
])('a body keeps its kind: %s', async (_, make) => {
  const body = make();
  await fetch(address, { method: 'POST', body });
  const seen = passed[0]?.[1]?.body as object;
  expect(Object.getPrototypeOf(Object(seen))).toBe(Object.getPrototypeOf(Object(body)));
});

test.each<[string, () => [BodyInit, () => void]]>([
  [
    'a form',
    () => {
      const body = new URLSearchParams('a=1');
      return [body, () => body.set('a', '2')];
    },
  ],
  [
    'files',
    () => {
      const body = form();
      return [body, () => body.delete('b')];
    },
  ],
  [
    'bytes',
    () => {
      const body = new TextEncoder().encode('a=1').subarray(0);
      return [body, () => body.fill(0)];
    },
  ],
])('a body is what it was when the page called: %s', async (_, make) => {
  const [wanted] = make();
  const [body, change] = make();
  const call = fetch(address, { method: 'POST', body });
  change();
  await call;
  const text = (value: BodyInit) =>
    new Response(value).text().then((read) => read.replace(/-{4,}\S+/g, '--'));
  expect(site.calls[0]?.body.replace(/-{4,}\S+/g, '--')).toBe(await text(wanted));
});

test('header fields are what they were when the page called', async () => {
  const headers: Record<string, string> = { 'X-A': '1' };
  const call = fetch(address, { headers });
  headers['X-A'] = '2';
  await call;
  expect(site.calls[0]?.headers.get('x-a')).toBe('1');
});

test('a wrapper sees one call, and a second one only when it is sent again', async () => {
  await fetch(address, { method: 'POST', body: 'a' });
  expect(passed).toHaveLength(1);
  site.once('POST /api/x', tokenRefused);
  const init = { method: 'POST', body: form(), headers: { 'X-A': '1' } };
  const again = await fetch(address, init);
  expect([again.status, passed.length]).toEqual([200, 3]);
  expect(passed.slice(1).map(([, seen]) => seen?.headers)).toEqual([
    { 'X-A': '1', Authorization: authorization },
    { 'X-A': '1', Authorization: 'Bearer access-3' },
  ]);
  const bodies = site.calls.filter(({ line }) => line === 'POST /api/x').slice(1);
  expect(bodies.map(({ body }) => body.includes('n.txt'))).toEqual([true, true]);
});

test('what changes its options does not change those of the second try', async () => {
  const found = fetch;
  expect(found).toBe(fetch);
  site.once('GET /api/x', ({ headers }) => {
    expect(headers.get('x-trace')).toBeNull();
    const own = passed[0]?.[1]?.headers as Record<string, string>;
    own['X-Trace'] = 'of the first';
    return tokenRefused();
  });
  await fetch(address, { headers: { 'X-A': '1' } });
  expect(site.calls.at(-1)?.headers.get('x-trace')).toBeNull();
});

test.each<[string, () => BodyInit]>([
  ['a stream', () => new Blob(['a']).stream()],
  [
    'an asynchronous iterable',
    () =>
      (async function* () {
        yield new TextEncoder().encode('a');
      })() as unknown as BodyInit,
  ],
])('%s goes out as it is, and is not sent again', async (_, make) => {
  site.always('POST /api/x', tokenRefused);
  const init = { method: 'POST', body: make(), duplex: 'half' };
  expect((await session.fetch(address, init)).status).toBe(401);
  expect(passed.map(([, seen]) => seen?.body)).toEqual([init.body]);
});

test('without fetch of a page, as in Node, it is the same', async () => {
  const alone = createSession(optionsWith());
  await alone.fetch(address, { headers: { 'X-A': '1' } });
  expect(passed.at(-1)?.[1]?.headers).toMatchObject({ 'X-A': '1' });
  expect(json).toBeTypeOf('function');
});
