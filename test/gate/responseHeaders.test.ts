import { describe, expect, test } from 'vitest';
import { decoderOf, locateAtSite, responseHeaders, toSite } from '../../src/gate/responseHeaders.ts';
import { fc } from '../support/property.ts';

const pass = (received: Record<string, string>, isDecoded = true) =>
  Object.fromEntries(responseHeaders(new Headers(received), { isDecoded }));

test('what the answer says of itself goes on', () => {
  const received = {
    'content-type': 'application/json',
    'content-length': '12',
    'content-disposition': 'attachment',
    etag: '"1"',
    'last-modified': 'Sat, 21 Nov 2026 00:00:00 GMT',
    location: 'https://backend.example/elsewhere',
    'retry-after': '3',
    'www-authenticate': 'Bearer error="invalid_token"',
    'x-ratelimit-remaining': '4',
    'x-total-count': '5',
  };
  expect(pass(received)).toEqual(received);
});

test('several Set-Cookie stay several, commas in them too', () => {
  const received = new Headers();
  received.append('set-cookie', 'a=1; Expires=Sat, 21 Nov 2026 00:00:00 GMT');
  received.append('set-cookie', 'b=2; Path=/');
  expect(responseHeaders(received, { isDecoded: true }).getSetCookie()).toEqual(received.getSetCookie());
});

describe('Content-Encoding and Content-Length', () => {
  const runtimes = ['Node.js/24', 'Node.js/22', 'Deno/2.9.5'] as const;

  test.each([
    // What each fetch does with the body: decodes it, leaves it, or may have decoded a part of it.
    ['gzip', 'decoded', 'decoded', 'decoded'],
    ['br', 'decoded', 'decoded', 'decoded'],
    [' GZIP ', 'decoded', 'decoded', 'decoded'],
    ['x-gzip', 'decoded', 'decoded', 'left'],
    ['deflate', 'decoded', 'decoded', 'left'],
    ['zstd', 'decoded', 'left', 'left'],
    ['gzip, gzip', 'decoded', 'decoded', 'unknown'],
    ['gzip,BR', 'decoded', 'decoded', 'unknown'],
    ['deflate, gzip', 'decoded', 'decoded', 'left'],
    ['gzip, zstd', 'decoded', 'left', 'unknown'],
    ['gzip, aws-chunked', 'left', 'left', 'unknown'],
    ['aws-chunked, gzip', 'left', 'left', 'left'],
    ['gzip, identity', 'left', 'left', 'unknown'],
    ['gzip,', 'left', 'left', 'unknown'],
    ['identity', 'left', 'left', 'left'],
    ['gzip;q=1', 'left', 'left', 'left'],
  ])('%s: they say what is true of the bytes', (coding, ...outcomes) => {
    const received = { 'content-encoding': coding, 'content-length': '9', etag: '"1"' };
    const expected = {
      decoded: { etag: '"1"' },
      left: { ...received, 'content-encoding': coding.trim() },
      unknown: { 'content-encoding': coding, etag: '"1"' },
    };
    runtimes.forEach((runtime, index) => {
      const passed = responseHeaders(new Headers(received), {
        isDecoded: true,
        decoder: decoderOf(runtime),
      });
      const outcome = outcomes[index] as keyof typeof expected;
      expect(Object.fromEntries(passed), runtime).toEqual(expected[outcome]);
    });
  });
});

test('what fetch has not decoded keeps its fields', () => {
  const received = { 'content-encoding': 'gzip', 'content-length': '9' };
  expect(pass(received, false)).toEqual(received);
  expect(pass(received)).toEqual({});
});

test.each([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'cache-control',
  'expires',
  'age',
  'pragma',
  'vary',
  'cdn-cache-control',
  'netlify-cdn-cache-control',
  'netlify-vary',
  'netlify-cache-tag',
  'surrogate-control',
  'cache-tag',
  'ratelimit',
  'ratelimit-policy',
  'alt-svc',
  'x-nf-request-id',
])('%s of the upstream ends here', (name) => {
  expect(pass({ [name]: 'x', etag: '"1"' })).toEqual({ etag: '"1"' });
});

test('what Connection names ends here', () => {
  expect(pass({ connection: 'close, X-Internal', 'x-internal': '1', etag: '"1"' })).toEqual({ etag: '"1"' });
});

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
