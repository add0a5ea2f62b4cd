import { describe, expect, test } from 'vitest';
import { matchRoute, resolveUpstream } from '../../src/gate/matchRoute.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Route } from '../../src/policy/types.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { codeOf } from '../support/rejection.ts';

const { routes } = definePolicy({
  audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['admin', 'write'] } },
  routes: [
    { path: '/api/status', methods: ['GET'] },
    { path: '/api/admin/*', scope: 'admin' },
    { path: '/api/caf%C3%A9', scope: 'write' },
    { path: '/api/items', methods: ['POST', 'DELETE'], scope: 'write' },
    { path: '/api/*' },
  ],
});
const pathOf = (pathname: string, method = 'GET') => matchRoute(routes, pathname, method).path;

test.each([
  ['/api/status', '/api/status'],
  ['/api/statuses', '/api/*'],
  ['/api/status/more', '/api/*'],
  ['/api/admin/users', '/api/admin/*'],
  ['/api/administrators', '/api/*'],
  ['/api/', '/api/*'],
  ['/api', '/api/*'],
  ['/api/a/b/c', '/api/*'],
])('%s takes the route %s', (pathname, route) => {
  expect(pathOf(pathname)).toBe(route);
});

test.each([
  '/api/admin',
  '/api/admin/',
  '/api/%61dmin/users',
  '/api/adm%69n/users',
  '/api/Admin/users',
  '/API/ADMIN/users',
  '/api/admin;x=1/users',
])('%s does not get past the stricter route', (pathname) => {
  expect(pathOf(pathname)).toBe('/api/admin/*');
});

test('a route may be spelled encoded, and the request another way', () => {
  expect(pathOf('/api/caf%c3%a9')).toBe('/api/caf%C3%A9');
});

test.each(['/', '/apiary', '/apis/x', '/session/token', '/x/api/y'])('%s has no route', async (pathname) => {
  expect(await codeOf(() => pathOf(pathname))).toBe('not_found');
});

test('a path that may mean another is refused before any route is looked at', async () => {
  expect(await codeOf(() => pathOf('/elsewhere/..%2fapi'))).toBe('path_refused');
});

describe('methods', () => {
  function allowOf(pathname: string, method: string): string | undefined {
    try {
      matchRoute(routes, pathname, method);
    } catch (error) {
      if (error instanceof DaypassError && error.code === 'method_not_allowed') return error.headers.allow;
      throw error;
    }
    return undefined;
  }

  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'REPORT'])(
    '%s passes by default',
    (method) => {
      expect(pathOf('/api/x', method)).toBe('/api/*');
    },
  );

  test.each(['TRACE', 'TRACK', 'CONNECT'])('%s never passes', (method) => {
    expect(allowOf('/api/x', method)).toBe('GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
    expect(allowOf('/api/items', method)).toBe('POST, DELETE');
  });

  test('TRACE does not pass by being listed', () => {
    const listed = definePolicy({ routes: [{ path: '/api/*', methods: ['GET', 'TRACE'] }] }).routes;
    expect(() => matchRoute(listed, '/api/x', 'TRACE')).toThrow(DaypassError);
  });

  test('HEAD passes with GET', () => {
    expect(pathOf('/api/status', 'HEAD')).toBe('/api/status');
    expect(allowOf('/api/status', 'POST')).toBe('GET, HEAD');
  });

  test('a list is a list: the first route that matches decides, and the next one is not asked', () => {
    expect(pathOf('/api/items', 'POST')).toBe('/api/items');
    expect(allowOf('/api/items', 'GET')).toBe('POST, DELETE');
    expect(allowOf('/api/items', 'HEAD')).toBe('POST, DELETE');
  });
});

describe('limits and cost of a route', () => {
  const own = {
    'limits of the address': { limits: { address: { limit: 5, windowSeconds: 60 } } },
    'a total': { limits: { total: { limit: 100_000, windowSeconds: 60 } } },
    'a cost': { cost: 5 },
    'a cost that the answer names': { cost: { answer: 'daypass-cost' } },
  };
  const outcome = (list: readonly Route[], pathname: string) => {
    try {
      return matchRoute(definePolicy({ routes: list }).routes, pathname, 'POST').path;
    } catch (error) {
      return (error as DaypassError).code;
    }
  };
  const otherwise = [
    '/api/%6Cogin',
    '/api/LOGIN',
    '/api/login/',
    '/api/login;x=1',
    '/API/login',
    '/api/login.',
  ];

  test.each(Object.entries(own))('%s: no other spelling of an open route goes by the next one', (_, more) => {
    const open: Route[] = [
      { path: '/api/login', verify: false, ...more },
      { path: '/api/*', verify: false },
    ];
    const before: Route[] = [{ path: '/api/login', verify: false, ...more }, { path: '/api/*' }];
    for (const path of otherwise) {
      expect(outcome(open, path), path).toBe('path_refused');
      expect(outcome(before, path), path).toBe('path_refused');
    }
    for (const list of [open, before]) {
      expect(outcome(list, '/api/login')).toBe('/api/login');
      for (const path of ['/api/other', '/api/login/more', '/api/logins', '/api'])
        expect(outcome(list, path)).toBe('/api/*');
    }
  });

  test.each(Object.entries(own))(
    '%s: a route with a pass takes the other spellings of its path',
    (_, more) => {
      const list: Route[] = [{ path: '/api/login', ...more }, { path: '/api/*' }];
      for (const path of ['/api/login', ...otherwise]) expect(outcome(list, path), path).toBe('/api/login');
      expect(outcome(list, '/api/other')).toBe('/api/*');
    },
  );

  test.each(Object.entries(own))('%s of both: a path that may mean either is refused', (_, more) => {
    const list: Route[] = [
      { path: '/api/login', ...more },
      { path: '/api/*', ...more },
    ];
    expect(outcome(list, '/api/LOGIN')).toBe('path_refused');
    expect(outcome(list, '/api/login')).toBe('/api/login');
    expect(outcome(list, '/api/OTHER')).toBe('/api/*');
    expect(outcome(list, '/API/other')).toBe('/api/*');
  });

  test('an encoded slash is no way around them', () => {
    const list: Route[] = [
      { path: '/api/a/b', verify: false, ...own['a cost'] },
      { path: '/api/*', verify: false, encodedSlashes: true },
    ];
    expect(outcome(list, '/api/a%2Fb')).toBe('path_refused');
    expect(outcome(list, '/api//a/b')).toBe('path_refused');
    expect(outcome(list, '/api/a%2Fc')).toBe('/api/*');
    expect(outcome(list, '/api/a/b')).toBe('/api/a/b');
  });

  test('what stands behind the route that a path is spelled by does not count', () => {
    const list: Route[] = [
      { path: '/api/free/*', verify: false },
      { path: '/api/*', verify: false, ...own['a total'] },
    ];
    expect(outcome(list, '/api/free/x')).toBe('/api/free/*');
    expect(outcome(list, '/api/FREE/x')).toBe('/api/*');
  });
});

const anyPath = definePolicy().routes.map((route) => ({ ...route, path: '/*' }));

/** As the gate does: the route first, which reads the path, then where that leads. */
function resolve(base: string, path: string): string {
  const url = new URL(`https://site.example${path}`);
  matchRoute(anyPath, url.pathname, 'GET');
  return resolveUpstream(new URL(base), url).href;
}

test.each([
  ['https://backend.example', '/api/items?a=1&b=2', 'https://backend.example/api/items?a=1&b=2'],
  ['https://backend.example/', '/api/', 'https://backend.example/api/'],
  ['https://backend.example/v1', '/api/items', 'https://backend.example/v1/api/items'],
  ['https://backend.example/v1/', '/api/items', 'https://backend.example/v1/api/items'],
  ['http://127.0.0.1:8000', '/api/a%20b', 'http://127.0.0.1:8000/api/a%20b'],
  [
    'https://backend.example',
    '/api/caf%C3%A9?q=%2F..%2F',
    'https://backend.example/api/caf%C3%A9?q=%2F..%2F',
  ],
  [
    'https://backend.example',
    '/api/x?next=//evil.example/',
    'https://backend.example/api/x?next=//evil.example/',
  ],
  ['https://backend.example', '/api/@evil.example', 'https://backend.example/api/@evil.example'],
  ['https://backend.example', '/api/x#part', 'https://backend.example/api/x'],
  // What stands in the base beside its path is not passed on.
  ['https://user:word@backend.example/v1?key=1#x', '/api/x', 'https://backend.example/v1/api/x'],
])('%s and %s make %s', (base, path, target) => {
  expect(resolve(base, path)).toBe(target);
});

test.each([
  '/api/..%2f..%2fadmin',
  '/api/%252e%252e/x',
  '//evil.example/x',
  '/api//x',
  '/api/..;/x',
  '/api/%00',
])('%s does not lead out of the upstream', async (path) => {
  expect(await codeOf(() => resolve('https://backend.example/v1', path))).toBe('path_refused');
});

test('what the URL standard itself resolves stays under the prefix', () => {
  expect(resolve('https://backend.example/v1', '/api/../../../x')).toBe('https://backend.example/v1/x');
  expect(resolve('https://backend.example/v1', '/api/%2e%2e/%2E%2E/x')).toBe('https://backend.example/v1/x');
  expect(resolve('https://backend.example/v1', String.raw`/api\..\..\x`)).toBe(
    'https://backend.example/v1/x',
  );
});
