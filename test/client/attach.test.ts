import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { attach } from '../../client/attach.ts';
import { checkOptions } from '../../client/options.ts';
import { optionsWith, origin } from './support/fakeSite.ts';

let sent: string[];
const urlOf = (input: RequestInfo | URL) => (input instanceof Request ? input.url : String(input));
const attachTo = (...prefixes: string[]) =>
  attach(
    async (input) => {
      sent.push(`session ${urlOf(input)}`);
      return new Response();
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
])('is left alone: %s', async (address) => {
  attachTo(`${origin}/api/`, 'https://other.example/deep/er');
  await fetch(address);
  expect(sent).toEqual([`page ${address}`]);
});

test.each<[string, RequestInit | undefined]>([
  ['in the options', { headers: { authorization: 'Basic x' } }],
  ['in a Headers', { headers: new Headers({ Authorization: 'Basic x' }) }],
  ['in a list', { headers: [['AUTHORIZATION', 'Basic x']] }],
])('a call with Authorization of its own is left alone: %s', async (_, init) => {
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

test('an address that is none is refused as by fetch: the promise is', async () => {
  attachTo(`${origin}/api/`);
  await expect(fetch('http://')).rejects.toThrow(TypeError);
});

test('a prefix that is no address is a TypeError', () => {
  expect(() => attachTo('http://')).toThrow(TypeError);
});
