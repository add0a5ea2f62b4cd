import { expect, test } from 'vitest';
import { matchRoute, resolveUpstream } from '../../src/gate/matchRoute.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { codeOf } from '../support/rejection.ts';

const routes = definePolicy().routes.map((route) => ({ ...route, path: '/*' }));

/** As the gate does: the route first, which reads the path, then where that leads. */
function resolve(base: string, path: string): string {
  const url = new URL(`https://site.example${path}`);
  matchRoute(routes, url.pathname, 'GET');
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
