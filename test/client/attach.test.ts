import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { attach } from '../../client/attach.ts';
import { createSession } from '../../client/index.ts';
import { checkOptions } from '../../client/options.ts';
import { FakeSite, optionsWith, origin } from './support/fakeSite.ts';

let sent: string[];
const urlOf = (input: RequestInfo | URL) => (input instanceof Request ? input.url : String(input));
const none = () => Promise.reject(new Error('not called here'));
const attachTo = (...prefixes: string[]) =>
  attach(
    {
      fetch: async (input) => {
        sent.push(`session ${urlOf(input)}`);
        return new Response();
      },
      authorize: none,
      loadXhr: none,
    },
    prefixes,
    checkOptions(optionsWith()),
  );

beforeEach(() => {
  sent = [];
  vi.stubGlobal('fetch', async (input: RequestInfo | URL) => {
    sent.push(`page ${urlOf(input)}`);
    return new Response();
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test.each([
  `${origin}/api/`,
  `${origin}/api/hello?x=1#y`,
  `${origin}:443/api/hello`,
  `${origin}/other/../api/hello`,
  `${origin}/other/%2e%2e/api/hello`,
  `${origin}\\api\\hello`,
  'https://SITE.example/api/hello',
  'https://other.example/deep/er/x',
  'https://other.example/deep/er',
])('goes through the session: %s', async (address) => {
  attachTo(`${origin}/api/`, 'https://other.example/deep/er');
  await fetch(address);
  await fetch(new Request(address));
  await fetch(new URL(address));
  expect(sent.length).toBe(3);
  expect(sent.every((line) => line.startsWith('session '))).toBe(true);
});

test.each([
  `${origin}/apiary`,
  `${origin}/API/hello`,
  `${origin}/`,
  `${origin}/api/../secret`,
  `${origin}:8443/api/hello`,
  'http://site.example/api/hello',
  'https://site.example.evil.example/api/hello',
  'https://evil.example/api/hello',
  'https://evil.example/https://site.example/api/',
  'https://other.example/deep/erx',
  'data:text/plain,api',
])('is unchanged: %s', async (address) => {
  attachTo(`${origin}/api/`, 'https://other.example/deep/er');
  await fetch(address);
  expect(sent).toEqual([`page ${address}`]);
});

test.each<[string, RequestInit | undefined]>([
  ['in the options', { headers: { authorization: 'Basic x' } }],
  ['in a Headers', { headers: new Headers({ Authorization: 'Basic x' }) }],
  ['in a list', { headers: [['AUTHORIZATION', 'Basic x']] }],
  ['as X-Daypass', { headers: { 'x-daypass': 'x' } }],
])('a call with a token of its own is unchanged: %s', async (_, init) => {
  attachTo(`${origin}/api/`);
  await fetch(`${origin}/api/x`, init);
  await fetch(new Request(`${origin}/api/x`, init));
  expect(sent.every((line) => line.startsWith('page '))).toBe(true);
});

test('options replace the headers of a Request, as in fetch', async () => {
  attachTo(`${origin}/api/`);
  const request = new Request(`${origin}/api/x`, { headers: { authorization: 'Basic x' } });
  await fetch(request, { headers: { accept: 'text/plain' } });
  expect(sent).toEqual([`session ${origin}/api/x`]);
});

test('Identity and the broker never get the token, whatever the prefix covers', async () => {
  attachTo(`${origin}/`);
  await fetch(`${origin}/.netlify/identity/signup`);
  await fetch(`${origin}/session/token`);
  await fetch(`${origin}/anything`);
  expect(sent.map((line) => line.split(' ')[0])).toEqual(['page', 'page', 'session']);
});

test('an invalid URL is for the original fetch to refuse', async () => {
  const refusal = new TypeError('Failed to parse URL');
  vi.stubGlobal('fetch', () => Promise.reject(refusal));
  attachTo(`${origin}/api/`);
  await expect(fetch('http://')).rejects.toBe(refusal);
});

test('header fields that can be read once only reach an address that nothing covers', async () => {
  let passed: HeadersInit | undefined;
  vi.stubGlobal('fetch', async (_: unknown, init: RequestInit) => {
    passed = init.headers;
    return new Response();
  });
  attachTo(`${origin}/api/`);
  const headers = new Map([['x-mine', 'yes']]).entries() as unknown as HeadersInit;
  await fetch(`${origin}/other`, { headers });
  expect(new Headers(passed).get('x-mine')).toBe('yes');
});

test('a prefix that is no address is a TypeError', () => {
  expect(() => attachTo('http://')).toThrow(TypeError);
});

describe('a session', () => {
  let site: FakeSite;
  beforeEach(() => {
    site = new FakeSite();
    site.install();
  });
  const tokens = () =>
    site.calls
      .filter(({ line }) => line.endsWith('/api/x'))
      .map(({ headers }) => headers.get('authorization'));

  test('attaches itself: calls under its prefixes carry the token', async () => {
    createSession(optionsWith()).attach([`${origin}/api/`]);
    await fetch(`${origin}/api/x`);
    await fetch(`${origin}/other`);
    expect(tokens()).toEqual(['Bearer access-2']);
    expect(site.lines().slice(-2)).toEqual(['GET /api/x', 'GET /other']);
  });

  test('replaces nothing when a prefix is no address', () => {
    const found = fetch;
    const session = createSession(optionsWith());
    expect(() => session.attach([`${origin}/api/`, 'http://'])).toThrow(
      new TypeError('Daypass: bad URL http://'),
    );
    expect(fetch).toBe(found);
  });

  test('sends with the fetch that it found, whatever replaces it afterwards', async () => {
    const session = createSession(optionsWith());
    session.attach([`${origin}/api/`]);
    const attached = fetch;
    vi.stubGlobal('fetch', (input: RequestInfo | URL, init?: RequestInit) =>
      urlOf(input).includes('/api/') ? attached(urlOf(input)) : attached(input, init),
    );
    await fetch(`${origin}/api/x`);
    await session.fetch(`${origin}/api/x`);
    expect(tokens()).toEqual(['Bearer access-2', 'Bearer access-2']);
  });

  test('attached twice, or with another session, sends each call once', async () => {
    const sessions = [createSession(optionsWith()), createSession(optionsWith())];
    for (const session of [...sessions, ...sessions]) session.attach([`${origin}/api/`]);
    await fetch(`${origin}/api/x`);
    for (const session of sessions) await session.fetch(`${origin}/api/x`);
    expect(tokens()).toHaveLength(3);
    expect(tokens().every((token) => token?.startsWith('Bearer access-'))).toBe(true);
  });

  test('sends with a fetch that was replaced after the session was made, as tests of a page do', async () => {
    const session = createSession(optionsWith());
    const later = new FakeSite();
    later.install();
    await session.fetch(`${origin}/api/x`);
    expect(site.calls).toEqual([]);
    expect(later.lines().at(-1)).toBe('GET /api/x');
  });

  test.each<[string, (session: { fetch: typeof fetch }) => typeof fetch]>([
    ['by session.fetch itself', (session) => session.fetch],
    ['by a function that rebuilds the call', (session) => (input) => session.fetch(urlOf(input))],
    [
      'by a function that takes its time',
      (session) => async (input, init) => {
        await Promise.resolve();
        return session.fetch(input, init);
      },
    ],
  ])('a fetch that the page replaced %s is an error, not an endless loop', async (_, replace) => {
    const session = createSession(optionsWith({ storage: null }));
    await session.token();
    const found = fetch;
    const replaced = replace(session);
    vi.stubGlobal('fetch', (input: RequestInfo | URL, init?: RequestInit) =>
      urlOf(input).includes('/api/') ? replaced(input, init) : found(input, init),
    );
    await expect(fetch(`${origin}/api/x`)).rejects.toThrow(/session\.attach/);
    expect(tokens()).toEqual([]);
  });

  test('refuses mode no-cors before it asks for a token', async () => {
    const session = createSession(optionsWith());
    await expect(session.fetch(`${origin}/api/x`, { mode: 'no-cors' })).rejects.toThrow(
      new TypeError('Daypass: mode no-cors carries no token'),
    );
    expect(site.lines()).toEqual([]);
  });
});
