import { expect, test } from 'vitest';
import { responseHeaders } from '../../src/gate/responseHeaders.ts';

const pass = (received: Record<string, string>) => Object.fromEntries(responseHeaders(new Headers(received)));

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
  expect(responseHeaders(received).getSetCookie()).toEqual(received.getSetCookie());
});

test.each(['gzip', 'br', 'GZIP', ' br '])('a body in %s has been decoded: coding and length go', (coding) => {
  expect(pass({ 'content-encoding': coding, 'content-length': '9', etag: '"1"' })).toEqual({ etag: '"1"' });
});

test.each(['zstd', 'deflate', 'x-gzip', 'gzip, br', 'aws-chunked', 'identity'])(
  'a body in %s comes as it is, under its coding and length',
  (coding) => {
    const received = { 'content-encoding': coding, 'content-length': '9' };
    expect(pass(received)).toEqual(received);
  },
);

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
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'access-control-allow-private-network',
  'access-control-expose-headers',
  'alt-svc',
  'x-nf-request-id',
])('%s of the upstream ends here', (name) => {
  expect(pass({ [name]: 'x', etag: '"1"' })).toEqual({ etag: '"1"' });
});

test('what Connection names ends here', () => {
  expect(pass({ connection: 'close, X-Internal', 'x-internal': '1', etag: '"1"' })).toEqual({ etag: '"1"' });
});
