import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSession, type Session } from '../../client/index.ts';
import { FakeSite, optionsWith, origin } from './support/fakeSite.ts';

// Modules that are evaluated again (hot replacement, a visit of Turbo) make a session each, and attach it.

let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const api = `${origin}/api/`;
const attachNew = (create = createSession): Session => {
  const session = create(optionsWith());
  session.attach([api]);
  return session;
};
const tokenOf = async (call: Promise<unknown>) => {
  await call;
  return site.calls.at(-1)?.headers.get('authorization')?.replace('Bearer ', '');
};

test('fetch is replaced once, however often a module is evaluated', async () => {
  attachNew();
  const attached = fetch;
  for (let count = 0; count < 50; count += 1) attachNew();
  expect(fetch).toBe(attached);
  const session = attachNew();
  expect(await tokenOf(fetch(`${api}x`))).toBe(await session.token());
  expect(site.lines().filter((line) => line === 'GET /api/x')).toHaveLength(1);
});

test('the session that was attached last serves, and its listeners hear', async () => {
  const [heard, first] = [[] as string[], attachNew()];
  first.on('obtained', () => heard.push('first'));
  attachNew().on('obtained', () => heard.push('second'));
  await fetch(`${api}x`);
  await expect.poll(() => heard, { interval: 0 }).toEqual(['second']);
});

test('sessions with prefixes of their own keep them, and where they overlap the last one serves', async () => {
  const sessions = [createSession(optionsWith()), createSession(optionsWith()), createSession(optionsWith())];
  const prefixes = [[api], [`${origin}/other/`], [`${api}deep/`]];
  for (const [index, session] of sessions.entries()) session.attach(prefixes[index] ?? []);
  const tokens = await Promise.all(sessions.map((session) => session.token()));
  const calls = [`${api}x`, `${origin}/other/x`, `${api}deep/x`, `${origin}/apiary`];
  const seen: unknown[] = [];
  for (const call of calls) seen.push(await tokenOf(fetch(call)));
  expect(seen).toEqual([...tokens, undefined]);
});

test('another copy of the module replaces fetch no second time', async () => {
  attachNew();
  const attached = fetch;
  vi.resetModules();
  const copy = await import('../../client/index.ts');
  expect(copy.createSession).not.toBe(createSession);
  const session = attachNew(copy.createSession);
  expect(fetch).toBe(attached);
  expect(await tokenOf(fetch(`${api}x`))).toBe(await session.token());
});

test('a wrapper of the page’s own between two of them sees each call once, and so does the site', async () => {
  attachNew();
  const seen: unknown[] = [];
  const found = fetch;
  vi.stubGlobal('fetch', (input: RequestInfo, init?: RequestInit) => {
    seen.push(input);
    return found(input, init);
  });
  attachNew();
  const attached = fetch;
  const session = attachNew();
  expect(fetch).toBe(attached);
  await session.token();
  site.lines();
  await fetch(`${api}x`);
  expect(site.lines()).toEqual(['GET /api/x']);
  expect(seen.filter((input) => `${(input as Request).url ?? input}` === `${api}x`)).toHaveLength(1);
});

test('where the page has put its own fetch back, a session is attached to that', async () => {
  const own = fetch;
  attachNew();
  vi.stubGlobal('fetch', own);
  const session = attachNew();
  expect(await tokenOf(fetch(`${api}x`))).toBe(await session.token());
});
