import { describe, expect, test } from 'vitest';
import { locateAtSite, toSite } from '../../src/gate/responseHeaders.ts';
import { fc } from '../support/property.ts';

const site = 'https://site.example';

/** What an upstream at a URL said to a request for `/api/items` of the site. */
const at = (upstream: string) => (value: string) => {
  const base = new URL(upstream);
  const target = new URL(`${base.origin}${base.pathname.replace(/\/+$/, '')}/api/items`);
  return toSite(value, { upstream: base, target, site });
};

describe('an upstream without a path', () => {
  const seen = at('http://backend:8000');

  test.each([
    ['http://backend:8000/api/items/', `${site}/api/items/`],
    ['HTTP://BACKEND:8000/api/a%2Fb/?q=%20#Top', `${site}/api/a%2Fb/?q=%20#Top`],
    ['//backend:8000/api/items/', '//site.example/api/items/'],
    ['http://backend:8000', site],
    ['http://backend:8000?page=2', `${site}?page=2`],
    ['http://backend:8000/api/caf\u00c3\u00a9', `${site}/api/caf\u00c3\u00a9`],
  ])('%s is %s', (value, expected) => {
    expect(seen(value)).toBe(expected);
  });

  test.each([
    '/api/items/',
    'items/',
    '../other?x#y',
    '?page=2',
    '#top',
    '',
    'https://elsewhere.example/api/items/',
    'http://backend/api/items/',
    'http://backend:9000/api/items/',
    'http://backend.evil.example/api/',
    'http://backend:8000@evil.example/api/',
    'https://login.example/?next=http://backend:8000/api/',
    'mailto:me@example.com',
    'http://[broken',
    `${site}/api/items/`,
    '/api/a\tb',
    '/\t/evil.example/x',
    'ht\ttps://evil.example/x',
  ])('%j stays as it is', (value) => {
    expect(seen(value)).toBe(value);
  });
});

describe('an upstream with a path', () => {
  const seen = at('https://backend.example/v1/');

  test.each([
    ['https://backend.example/v1/api/items/?page=2', `${site}/api/items/?page=2`],
    ['https://backend.example/v1', site],
    ['/v1/api/items/', '/api/items/'],
    ['/v1?x', '/?x'],
    // A backend that is told the site's host, and keeps its own path.
    [`${site}/v1/api/items/`, `${site}/api/items/`],
    // One behind a TLS terminator of its own.
    ['http://backend.example/v1/api/items/', `${site}/api/items/`],
    // Two slashes would name a host.
    ['/v1//evil.example/x', `${site}//evil.example/x`],
    ['/v1/\\evil.example/x', `${site}/\\evil.example/x`],
    // The URL standard removes tabs, and line ends where a runtime lets them through.
    ['/v1/\t/evil.example/x', `${site}//evil.example/x`],
    ['/v1/\t\\evil.example/x', `${site}/\\evil.example/x`],
    ['/v1/\n\r/evil.example/x', `${site}//evil.example/x`],
    ['/v\t1//evil.example/x', `${site}//evil.example/x`],
    ['/\tv1/api/items/', '/api/items/'],
    ['/v1/api/a\tb?q=c\td', '/api/ab?q=cd'],
  ])('%s is %s', (value, expected) => {
    expect(seen(value)).toBe(expected);
  });

  test.each([
    'https://backend.example/login',
    'https://backend.example/v10/api/',
    'https://backend.example/v1/../admin',
    '/login',
    '/v1/../admin',
    'items/',
    `${site}/login`,
  ])('%s is not under it and stays', (value) => {
    expect(seen(value)).toBe(value);
  });
});

test('whatever a backend says, a path stays on the origin that it was on', () => {
  const origins = ['https://backend.example', 'http://backend.example', site, ''];
  const piece = fc.constantFrom(
    '/',
    '//',
    '\\',
    'v1',
    'api',
    '..',
    '.',
    '%2e',
    'evil.example',
    '@',
    ':',
    '?',
    '#',
    ' ',
    '\t',
    '\r',
    '\n',
  );
  fc.assert(
    fc.property(fc.constantFrom(...origins), fc.array(piece, { maxLength: 8 }), (origin, pieces) => {
      const upstream = new URL('https://backend.example/v1');
      const target = new URL('https://backend.example/v1/api/items');
      const value = origin + pieces.join('');
      if (!URL.canParse(value, target)) return;
      const meant = new URL(value, target);
      const is = new URL(toSite(value, { upstream, target, site }), `${site}/api/items`);
      const known = ['https://backend.example', 'http://backend.example', site];
      // Nothing that was on backend or site leads to a third party, and nothing else is moved to the site.
      expect(known.includes(is.origin)).toBe(known.includes(meant.origin));
    }),
  );
});

test('two fields are rewritten, others are the backend’s', () => {
  const there = 'http://backend:8000/api/items/';
  const headers = new Headers({ location: there, 'content-location': there, link: `<${there}>; rel="next"` });
  locateAtSite(headers, { upstream: new URL('http://backend:8000'), target: new URL(there), site });
  expect(Object.fromEntries(headers)).toEqual({
    location: `${site}/api/items/`,
    'content-location': `${site}/api/items/`,
    link: `<${there}>; rel="next"`,
  });
});
