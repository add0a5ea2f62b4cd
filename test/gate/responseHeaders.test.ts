import { describe, expect, test } from 'vitest';
import { decoderOf, responseHeaders } from '../../src/gate/responseHeaders.ts';

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
