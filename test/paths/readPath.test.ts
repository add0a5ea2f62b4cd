import { expect, test } from 'vitest';
import { readPath } from '../../src/paths/readPath.ts';
import { codeOf } from '../support/rejection.ts';

test.each([
  ['/', '/'],
  ['/api/items', '/api/items'],
  ['/api/items/', '/api/items/'],
  ['/api/a%20b', '/api/a b'],
  ['/api/%61dmin', '/api/admin'],
  ['/api/caf%C3%A9', '/api/café'],
  ['/api/50%25', '/api/50%'],
  ['/api/50%25%20off', '/api/50% off'],
  ['/api/what%3F%23', '/api/what?#'],
  ['/api/...', '/api/...'],
  ['/api/.well-known', '/api/.well-known'],
  ['/api/v1.2/file.txt', '/api/v1.2/file.txt'],
  ['/api/admin;v=1/x;y', '/api/admin/x'],
  ['/api/100%EF%BC%85', '/api/100％'],
  ['/api/a%EF%BC%8Fb%EF%BC%9Bc', '/api/a／b；c'],
  ['/api/wait%E2%80%A6', '/api/wait…'],
  ["/api/~a!$&'()*+,=:@-_", "/api/~a!$&'()*+,=:@-_"],
])('%s is read as %s', (pathname, read) => {
  expect(readPath(pathname)).toBe(read);
});

test.each([
  // Encoded separators, in any case.
  '/api/%2f',
  '/api/..%2fadmin',
  '/api/..%2Fadmin',
  '/api/%5c',
  '/api/..%5Cadmin',
  // Dot segments, spelled in every way.
  '/api/../admin',
  '/api/..',
  '/api/./x',
  '/api/%2e%2e/admin',
  '/api/%2E%2e/admin',
  '/api/.%2e/admin',
  '/api/%2e./admin',
  '/api/%2e/x',
  // Java servers cut parameters off and only then resolve.
  '/api/..;/admin',
  '/api/..;a=b/admin',
  '/api/.;/admin',
  '/api/;/admin',
  '/api/%3b/admin',
  '/api/..%3b/admin',
  // Full-width signs and their like, which some normalise.
  '/api/%EF%BC%8E%EF%BC%8E/admin',
  '/api/%EF%BC%8E./admin',
  '/api/%E2%80%A5/admin',
  '/api/x%EF%BC%8F..%EF%BC%8F..%EF%BC%8Fadmin',
  '/api/x%EF%BC%BC..%EF%BC%BCadmin',
  '/api/x%E2%88%95..%E2%88%95admin',
  '/api/..%EF%BC%9Ba=b/admin',
  '/api/%EF%BC%852e%EF%BC%852e/admin',
  // White space around dots, which some file systems drop.
  '/api/..%20/admin',
  '/api/%20../admin',
  // Encoded twice, three times, and in parts.
  '/api/%252f',
  '/api/%252e%252e%252fadmin',
  '/api/%255c',
  '/api/%2500',
  '/api/%25252f',
  '/api/%25%32%66',
  '/api/%%32%66',
  '/api/%2541',
  // Ends of strings and of lines.
  '/api/%00',
  '/api/x%00.json',
  '/api/x%0d%0aX-Forwarded-For:%201.1.1.1',
  '/api/x%0A',
  '/api/x%09y',
  '/api/x%7f',
  '/api/x%C2%85',
  // Overlong UTF-8 of slash and dot, other non-UTF-8, other escapes.
  '/api/%c0%af',
  '/api/%c0%ae%c0%ae/admin',
  '/api/%e0%80%af',
  '/api/%ff',
  '/api/%u002e%u002e/admin',
  '/api/%',
  '/api/%2',
  '/api/%zz',
  // Empty segments: `//host` is another authority to some.
  '//evil.example/api',
  '/api//admin',
  '/api/items//',
  String.raw`/api\..\admin`,
])('%s is refused', async (pathname) => {
  expect(await codeOf(() => readPath(pathname))).toBe('path_refused');
});
