import { describe, expect, test } from 'vitest';
import { requestHeaders } from '../../src/gate/requestHeaders.ts';

const pass = (received: Record<string, string>, extra: readonly string[] = []) =>
  Object.fromEntries(requestHeaders(new Headers(received), extra));
const always = { 'accept-encoding': 'gzip, br' };

test('what the upstream needs to answer goes on', () => {
  const received = {
    accept: 'application/json',
    'accept-language': 'de',
    authorization: 'Bearer abc',
    'content-type': 'application/json',
    'if-none-match': '"1"',
    range: 'bytes=0-1',
    'last-event-id': '7',
    'idempotency-key': 'k',
    traceparent: '00-1-2-01',
    'user-agent': 'browser',
    'x-requested-with': 'XMLHttpRequest',
  };
  expect(pass(received)).toEqual({ ...received, ...always });
});

describe('what an upstream might believe does not', () => {
  test.each([
    'X-Forwarded-For',
    'x-forwarded-for',
    'X-FORWARDED-FOR',
    'X_Forwarded_For',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-prefix',
    'x-forwarded-user',
    'forwarded',
    'x-real-ip',
    'x-client-ip',
    'client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'fastly-client-ip',
    'x-cluster-client-ip',
    'x-original-forwarded-for',
    'x-remote-ip',
    'x-remote-addr',
    'x-remote-user',
    'remote-user',
    'x-nf-client-connection-ip',
    'x-nf-identity-info',
    'x-envoy-external-address',
    'x-azure-clientip',
    'via',
    'x-host',
    'x-original-host',
    'x-original-url',
    'x-rewrite-url',
    'x-http-method-override',
    'x-method-override',
    'cookie',
    'origin',
    'referer',
    'sec-fetch-site',
    'x-authenticated-user',
    'x-daypass-subject',
    'proxy-authorization',
    'x-middleware-subrequest',
    'x-anything',
  ])('%s', (name) => {
    expect(pass({ [name]: 'forged' })).toEqual(always);
  });
});

test.each(['keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'proxy-connection', 'connection'])(
  '%s is for one hop alone',
  (name) => {
    expect(pass({ [name]: 'x' }, [name])).toEqual(always);
  },
);

test('what Connection names is for one hop alone', () => {
  const received = {
    connection: 'keep-alive, X-Request-Id ,ACCEPT',
    'x-request-id': '1',
    accept: '*/*',
    range: 'r',
  };
  expect(pass(received)).toEqual({ range: 'r', ...always });
});

test('the policy adds fields, and never one that can be forged', () => {
  const received = {
    'x-api-version': '2',
    'x-forwarded-for': '1.1.1.1',
    x_real_ip: '1.1.1.1',
    cookie: 'a=b',
  };
  expect(pass(received, ['x-api-version', 'x-forwarded-for', 'x_real_ip', 'cookie'])).toEqual({
    'x-api-version': '2',
    ...always,
  });
});

test('the upstream is asked for codings that fetch decodes, whatever the caller knows', () => {
  expect(pass({ 'accept-encoding': 'zstd' })).toEqual(always);
  expect(pass({ 'accept-encoding': 'zstd' }, ['accept-encoding'])).toEqual(always);
});
