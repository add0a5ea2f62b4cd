import { expect, test } from 'vitest';
import { createDevIdentity } from '../../dev/identity/start.ts';
import { endpointOf } from '../../src/guard/guard.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import { fc } from '../support/property.ts';
import { issuer } from '../support/tokens.ts';

const read = (path: string) => endpointOf(new Request(issuer + path, { method: 'POST' }));

test.each([
  '/.netlify/identity/signup',
  '/.netlify/identity/signup/',
  '/.netlify/identity/signup?a=/user',
  '/.netlify/identity/signup#/user',
  '/.netlify/identity//signup',
  '//.netlify///identity//signup//',
  '/.netlify/identity/SignUp',
  '/.NETLIFY/Identity/SIGNUP',
  '/.netlify/identity/%73ign%75p',
  '/.netlify/identity/%53IGNUP',
  '/%2Dx/../.netlify/identity/signup',
  '/.netlify/identity/./signup',
  '/.netlify/identity/user/../signup',
  '/.netlify/identity/user/%2e%2E/signup',
  '/.netlify/identity/signup;v=1',
  '/.netlify/identity;v=1/signup',
  String.raw`/.netlify\identity\signup`,
])('%s is a sign-up', (path) => {
  expect(read(path)).toBe('/signup');
});

test.each([
  ['/.netlify/identity/token', '/token'],
  ['/.netlify/identity/user', '/user'],
  ['/.netlify/identity/signups', '/signups'],
  ['/.netlify/identity/signup/x', '/signup/x'],
  [
    '/.netlify/identity/admin/users/5f0c2d8e-0000-4000-8000-000000000000',
    '/admin/users/5f0c2d8e-0000-4000-8000-000000000000',
  ],
  ['/.netlify/identity', ''],
  ['/.netlify/identityx/signup', ''],
  ['/signup', ''],
])('%s is %s', (path, endpoint) => {
  expect(read(path)).toBe(endpoint);
});

test.each([
  '/.netlify/identity%2fsignup',
  '/.netlify/identity/%2fsignup',
  '/.netlify/identity/user%2f..%2fsignup',
  '/.netlify/identity/user%5c..%5csignup',
  '/.netlify/identity/%2573ignup',
  '/.netlify/identity/signup%00',
  '/.netlify/identity/signup%0a',
  '/%2enetlify/identity/signup',
  '/.netlify/identity/user/..;/signup',
  '/.netlify/identity/%ff',
  '/.netlify/identity/signup%20',
  '/.netlify/identity/signup%3fa',
  '/.netlify/identity/signup%23',
  '/.netlify/identity/signup%C2%A0',
  '/.netlify/identity/to%E2%84%AAen',
  '/.netlify/identity/%C5%BFignup',
])('%s may be read in more than one way', (path) => {
  expect(read(path)).toBeUndefined();
});

const spellers = [
  'encode',
  'fold',
  'double',
  'slash',
  'dot',
  'climb',
  ';x',
  '%20',
  '%3f',
  '%23',
  '%09',
  '%2e',
];

/** What spells a sign-up, and what spells something else; put together in every way. */
const spelling = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constantFrom(...spellers) },
    ),
    { minLength: 24, maxLength: 24 },
  )
  .map((changes) => {
    const letters = [...`${identityPath}/signup`.slice(1)];
    return `/${letters.map((letter, index) => respell(letter, changes[index] as string)).join('')}`;
  });

function respell(letter: string, change: string): string {
  const isSlash = letter === '/';
  switch (change) {
    case 'encode':
      return `%${letter.charCodeAt(0).toString(16)}`;
    case 'fold':
      return letter.toUpperCase();
    case 'double':
      return isSlash ? '//' : letter;
    case 'slash':
      return isSlash ? '%2f' : `${letter}/`;
    case 'dot':
      return isSlash ? '/./' : letter;
    case 'climb':
      return isSlash ? '/x/../' : letter;
    default:
      return letter + change;
  }
}

/** How platforms may read a path before they look up whose it is. */
const readings: ((path: string) => string)[] = [
  (path) => path,
  (path) => decodeURI(path),
  (path) => decodeURIComponent(path),
  (path) => decodeURIComponent(path).replace(/\/+/g, '/'),
  (path) => decodeURIComponent(path).toLowerCase().replace(/\/$/, ''),
];

test('no spelling of a sign-up gets past, however the platform reads paths', async () => {
  const identity = createDevIdentity();
  /** Whether Identity gets as far as the sign-up's parameters. */
  async function signsUp(path: string): Promise<boolean> {
    if (!path.startsWith(`${identityPath}/`)) return false;
    const url = issuer + path.slice(identityPath.length);
    return (await identity.fetch(new Request(url, { method: 'POST', body: '{}' }))).status === 422;
  }
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(spelling, async (path) => {
      const { pathname } = new URL(issuer + path);
      const outcomes = await Promise.all(readings.map((reading) => signsUp(reading(pathname))));
      if (!outcomes.includes(true)) return;
      taken += 1;
      expect([undefined, '/signup']).toContain(read(path));
    }),
    { numRuns: 2000 },
  );
  expect(taken).toBeGreaterThan(200);
});
