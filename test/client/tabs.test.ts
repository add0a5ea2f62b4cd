import { beforeEach, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import {
  coldStart,
  FakeSite,
  FakeStorage,
  failureOf,
  optionsWith,
  origin,
  tokenRefused,
} from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

// Sessions that share a storage, and this process's Web Locks, are what two tabs are.

freeze();
let site: FakeSite;
let storage: FakeStorage;
const openTab = (changes = {}) => createSession(optionsWith({ storage, ...changes }));
beforeEach(() => {
  site = new FakeSite();
  site.install();
  storage = new FakeStorage();
});

test('two tabs opened at once make one session', async () => {
  const [first, second] = await Promise.all([openTab().token(), openTab().token()]);
  expect(first).toBe(second);
  expect(site.lines()).toEqual(coldStart);
});

test('two tabs renew once, and each has what the other got', async () => {
  const tabs = [openTab(), openTab()] as const;
  await tabs[0].token();
  site.lines();
  pass(250);
  await Promise.all(tabs.map((tab) => tab.token()));
  expect(site.lines()).toEqual(['POST /session/token']);
  const renewed = await tabs[0].token({ renew: true });
  expect(await tabs[1].token()).toBe(renewed);
});

test('a token that another tab has replaced is not replaced again', async () => {
  const [first, second] = [openTab(), openTab()];
  const old = await first.token();
  let renewed = '';
  site.once('GET /api/hello', async () => {
    renewed = await second.token({ renew: true });
    return tokenRefused();
  });
  site.lines();
  const response = await first.fetch(`${origin}/api/hello`);
  expect(response.status).toBe(200);
  expect(renewed).not.toBe(old);
  expect(site.calls.at(-1)?.headers.get('authorization')).toBe(`Bearer ${renewed}`);
  expect(site.lines()).toEqual(['GET /api/hello', 'POST /session/token', 'GET /api/hello']);
});

test('a failing tab uses what another one got meanwhile', async () => {
  const [first, second] = [openTab(), openTab()];
  site.once(
    'POST /session/token',
    () => new Response(null, { status: 503, headers: { 'retry-after': '600' } }),
  );
  await failureOf(first.token());
  const token = await second.token();
  expect(await first.token()).toBe(token);
});

test.each([
  ['audience', { audience: 'other' }],
  ['scope', { scope: 'other' }],
  ['broker', { brokerUrl: `${origin}/other/session` }],
])('sessions of another %s share nothing', async (_, changes) => {
  site.always('POST /other/session/token', () => Response.json(site.tokenResponse()));
  const [first, second] = [await openTab().token(), await openTab(changes).token()];
  expect(first).not.toBe(second);
  expect(storage.items.size).toBe(2);
});

test('storage holds the access token’s answer with its times, and nothing else', async () => {
  await openTab({ audience: 'reports' }).token();
  expect([...storage.items.keys()]).toEqual([`daypass ${origin}/session reports `]);
  const [item = ''] = storage.items.values();
  expect(Object.keys(JSON.parse(item)).sort()).toEqual([
    'access_token',
    'expiresAt',
    'expires_in',
    'issued_token_type',
    'scope',
    'sessionEndsAt',
    'session_expires_in',
    'token_type',
  ]);
  expect(JSON.parse(item)).toMatchObject({ access_token: 'access-2', expiresAt: Date.now() + 300_000 });
});

test('localStorage is used where there is one', async () => {
  vi.stubGlobal('localStorage', storage);
  await createSession(optionsWith({ storage: undefined })).token();
  expect(storage.items.size).toBe(1);
});

test('a localStorage whose getter throws is done without', async () => {
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    get: () => {
      throw new DOMException('denied', 'SecurityError');
    },
  });
  const session = createSession(optionsWith({ storage: undefined }));
  await session.token().finally(() => Reflect.deleteProperty(globalThis, 'localStorage'));
  expect(site.lines()).toEqual(coldStart);
});

test.each(['', 'null', '5', '"text"', '{}', '{"access_token":"x"}', '{"access_token":"x","expiresAt":"y"}'])(
  'what is stored and not ours counts as nothing: %s',
  async (text) => {
    storage.items.set(`daypass ${origin}/session  `, text);
    expect(await openTab().token()).toBe('access-2');
    expect(site.lines()).toEqual(coldStart);
  },
);

test('without Web Locks a tab still makes one session', async () => {
  vi.stubGlobal('navigator', {});
  const session = openTab();
  const tokens = await Promise.all([session.token(), session.token()]);
  expect(new Set(tokens).size).toBe(1);
  expect(site.lines()).toEqual(coldStart);
});

test('the lock is let go of when an attempt fails', async () => {
  site.once('POST /session/token', () => Promise.reject(new TypeError('Failed to fetch')));
  await failureOf(openTab().token());
  await openTab().token();
});
