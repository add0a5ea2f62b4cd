import { describe, expect, test, vi } from 'vitest';
import { forwardedHeaders } from '../../src/gate/requestHeaders.ts';
import { forbiddenFields, forbiddenKind } from '../../src/policy/forbiddenHeaders.ts';
import { fc } from '../support/property.ts';

type Options = Omit<Parameters<typeof forwardedHeaders>[1], 'url'>;

const ask = (
  headers: Record<string, string>,
  options: Options = {},
  init: RequestInit = {},
  reference = '/api/x',
) => {
  const url = new URL(reference, 'https://site.example:8443');
  return Object.fromEntries(forwardedHeaders(new Request(url, { ...init, headers }), { url, ...options }));
};

/** The gate's own. */
const always = {
  'accept-encoding': 'gzip, br',
  'x-forwarded-host': 'site.example:8443',
  'x-forwarded-proto': 'https',
  'x-forwarded-prefix': '/',
};

test('whatever else a page sends goes on', () => {
  const received = {
    accept: 'application/json',
    'accept-language': 'de',
    'access-control-request-method': 'GET',
    authorization: 'Bearer abc',
    'cache-control': 'no-cache',
    'content-type': 'application/json',
    depth: '1',
    from: 'me@example.com',
    'hx-current-url': 'https://site.example/list',
    'hx-request': 'true',
    'idempotency-key': 'k',
    'if-none-match': '"1"',
    'last-event-id': '7',
    origin: 'https://site.example',
    'sec-ch-ua-platform': '"Linux"',
    'sec-fetch-site': 'same-origin',
    traceparent: '00-1-2-01',
    'user-agent': 'browser',
    'x-api-version': '2',
    'x-auth-token': 't',
    'x-csrftoken': 'c',
    'x-requested-with': 'XMLHttpRequest',
    'x-shipping-address': 'home',
    'x-user-agent': 'grpc-web',
    'x-weird~name': 'ä, b',
    x_under_score: '1',
  };
  expect(ask(received)).toEqual({ ...received, ...always });
});

describe('what an upstream might believe does not', () => {
  test.each([
    'X-Forwarded-For',
    'X-FORWARDED-FOR',
    'X_Forwarded_For',
    'x.forwarded.for',
    'x~real+ip',
    'x-forwarded',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-prefix',
    'x-forwarded-user',
    'forwarded',
    'forwarded-for',
    'x-real-ip',
    'x-client-ip',
    'client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'cf-connecting-ipv6',
    'fastly-client-ip',
    'x-cluster-client-ip',
    'x-original-forwarded-for',
    'x-originating-ip',
    'x-remote-ip',
    'x-remote-addr',
    'remote-addr',
    'x-remote-user',
    'remote-user',
    'remote_user',
    'x-nf-client-connection-ip',
    'x-nf-identity-info',
    'x-envoy-external-address',
    'x-azure-clientip',
    'x-country',
    'cdn-loop',
    'via',
    'x-host',
    'x-original-host',
    'x-http-host-override',
    'front-end-https',
    'x-url-scheme',
    'x-original-url',
    'x-rewrite-url',
    'destination',
    'x-http-method-override',
    'x-http-method',
    'x-method-override',
    'x-middleware-subrequest',
    'x-accel-mapping',
    'cookie',
    'cookie2',
    'x-authenticated-user',
    'x-authenticated-userid',
    'x-auth-request-email',
    'x-ms-client-principal-id',
    'client-cert',
    'ssl-client-verify',
    'x-user-id',
    'x-daypass-subject',
    'x-vhm-root',
    'X-Vhm-Root',
    '$WSRU',
    '$wscc',
    'x-apigateway-event',
    'kubeflow-userid',
    'x-tls-client-subject',
    'x-ms-original-url',
    'AuthUser',
    'X-Role',
    'X-Group',
    'X-Client-Certificate',
    'X-Anonymous-Consumer',
    'X-Client-Address',
  ])('%s', (name) => {
    const onDropped = vi.fn();
    expect(ask({ [name]: 'forged' }, { onDropped })).toEqual(always);
    expect(onDropped).toHaveBeenCalledExactlyOnceWith(name.toLowerCase(), forbiddenKind(name));
  });

  test.each([
    ['x-vhm-root', 'request'],
    ['x-ms-original-url', 'request'],
    ['$WSRU', 'user'],
    ['x-apigateway-event', 'user'],
    ['kubeflow-groups', 'user'],
    ['x-tls-client-subject', 'user'],
    ['AuthUser', 'user'],
    ['X-Anonymous-Consumer', 'user'],
    ['X-Client-Address', 'address'],
  ])('%s describes the %s', (name, kind) => {
    expect(forbiddenKind(name)).toBe(kind);
  });

  test.each([
    'ws-trace',
    'x-ws-trace',
    'x-roleplay',
    'x-grouping',
    'x-ms-version',
    'x-client-version',
    'x-tls',
  ])('%s is no such field, and goes on', (name) => {
    expect(forbiddenKind(name)).toBeUndefined();
  });

  test('in no spelling that CGI takes for it', () => {
    const names = forbiddenFields
      .filter(({ kind }) => kind !== 'connection')
      .flatMap(({ names, prefixes, words }) => [
        ...names,
        ...prefixes.map((prefix) => `${prefix}anything`),
        ...words.map((word) => `x-${word}-y`),
      ]);
    const separator = fc.constantFrom('-', '_', '.', '~', '+', '!', '|');
    fc.assert(
      fc.property(fc.constantFrom(...names), separator, fc.boolean(), (name, sign, isUpper) => {
        const spelled = name.replaceAll('-', sign);
        return forbiddenKind(isUpper ? spelled.toUpperCase() : spelled) !== undefined;
      }),
    );
  });
});

test.each([
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'proxy-authorization',
  'proxy',
  'connection',
  'content-length',
  'expect',
  'host',
  'max-forwards',
  'sec-websocket-key',
])('%s is for one hop only, and is not reported', (name) => {
  const onDropped = vi.fn();
  expect(ask({ [name]: '1' }, { onDropped })).toEqual(always);
  expect(onDropped).not.toHaveBeenCalled();
});

test('what Connection names is for one hop only', () => {
  const received = {
    connection: 'keep-alive, X-Request-Id ,ACCEPT',
    'x-request-id': '1',
    accept: '*/*',
    prefer: 'r',
  };
  expect(ask(received)).toEqual({ prefer: 'r', ...always });
});

test('a policy narrows them, and what it left out is reported; token and body keep theirs', () => {
  const onDropped = vi.fn();
  const kept = {
    authorization: 'Bearer t',
    'content-encoding': 'gzip',
    'content-type': 'text/plain',
    'x-api-version': '2',
  };
  const received = { ...kept, accept: '*/*', cookie: 'a=b' };
  expect(ask(received, { requestHeaders: ['x-api-version'], onDropped })).toEqual({ ...kept, ...always });
  expect(onDropped.mock.calls).toEqual([
    ['accept', 'not in upstream.requestHeaders'],
    ['cookie', 'cookies'],
  ]);
});

describe('codings', () => {
  test('are those that fetch decodes, whatever the caller knows', () => {
    expect(ask({ 'accept-encoding': 'zstd' })).toEqual(always);
  });

  test('are none with Range', () => {
    const headers = { range: 'bytes=0-1', 'if-range': '"1"', 'accept-encoding': 'gzip' };
    expect(ask(headers)).toEqual({ ...headers, ...always, 'accept-encoding': 'identity' });
    expect(ask(headers, {}, { method: 'HEAD' })['accept-encoding']).toBe('identity');
  });

  test('are the caller’s with HEAD', () => {
    const head = (headers: Record<string, string>) => ask(headers, {}, { method: 'HEAD' })['accept-encoding'];
    expect(head({ 'accept-encoding': 'zstd, br;q=0.5' })).toBe('zstd, br;q=0.5');
    expect(head({})).toBe('identity');
  });
});

test('the site is where the request says, with its port; the caller’s address is the platform’s', () => {
  expect(ask({}, { clientAddress: '203.0.113.7' }, {}, 'http://localhost:8888/api/x')).toEqual({
    ...always,
    'x-forwarded-host': 'localhost:8888',
    'x-forwarded-proto': 'http',
    'x-forwarded-for': '203.0.113.7',
  });
});
