import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../dev/listen.ts';
import { codes, type ErrorCode, errorPage } from '../../src/protocol/codes.ts';
import { accessTokenType, jwtTokenType, tokenExchangeGrant } from '../../src/protocol/messages.ts';
import { type BrokerStack, callerAddress, siteUrl, startBrokerStack } from '../support/brokerStack.ts';
import { fc } from '../support/property.ts';
import { encode, otherSecret, privateSecret, secret } from '../support/tokens.ts';

/** Stands for what a caller would not want to see again, in an answer or in a log. */
const marker = 'Zq7PrivateMarkerXw3';
const megabyte = 1024 * 1024;
const formType = 'application/x-www-form-urlencoded';
const wide = { limit: 1_000_000, windowSeconds: 60 };

let stack: BrokerStack;
let server: Listening;
beforeAll(async () => {
  stack = await startBrokerStack({ policy: { limits: { exchange: wide, site: wide, status: wide } } });
  server = await listen((request) => stack.app.fetch(request, { clientAddress: callerAddress }));
});
afterAll(async () => {
  await server.close();
  await stack.close();
});

/** Refused with a typed 4xx that tells neither what was sent nor how we are built. */
async function expectRefused(response: Response, quiet = marker): Promise<void> {
  const text = await response.text();
  expect(response.status).toBeGreaterThanOrEqual(400);
  expect(response.status).toBeLessThan(500);
  expect(response.headers.get('cache-control')).toBe('no-store');
  const body = JSON.parse(text) as Record<string, unknown>;
  expect(Object.keys(codes)).toContain(body.code);
  const page = errorPage(body.code as ErrorCode);
  if (response.headers.get('content-type') === 'application/problem+json') {
    expect(body).toMatchObject({ type: page, status: response.status, title: expect.any(String) });
  } else {
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(body).toMatchObject({
      error: expect.any(String),
      error_description: expect.any(String),
      error_uri: page,
    });
  }
  const told = text + JSON.stringify([...response.headers]) + stack.logged.join();
  expect(told).not.toMatch(/\bat .+:\d+|node_modules|file:|\.ts\b|Bearer e/);
  for (const hidden of [quiet, secret, otherSecret, privateSecret, stack.identity.operatorToken]) {
    expect(told).not.toContain(hidden);
  }
}

const exchangeForm = (token: string) =>
  new URLSearchParams({
    grant_type: tokenExchangeGrant,
    subject_token: token,
    subject_token_type: jwtTokenType,
  }).toString();
const markedToken = `${encode({ alg: 'HS256', kid: marker })}.${encode({ sub: marker, marker })}.${marker}A`;

interface Body {
  body?: BodyInit;
  type?: string | undefined;
}

const bytes = (...values: number[]) =>
  new Uint8Array([...new TextEncoder().encode(`token=${marker}`), ...values]);
const multipart = new FormData();
multipart.set('token', marker);
const bodies: Record<string, Body> = {
  'an empty body': { body: '', type: formType },
  'an empty body of no type': {},
  JSON: { body: JSON.stringify({ token: marker }), type: 'application/json' },
  'JSON said to be a form': { body: JSON.stringify({ token: marker }), type: formType },
  XML: { body: `<token>${marker}</token>`, type: 'text/xml' },
  'a multipart form': { body: multipart },
  'no content type': { body: bytes() },
  'a content type that is none': { body: `token=${marker}`, type: ';;;' },
  'a content type of 10 KB': { body: `token=${marker}`, type: `text/${'x'.repeat(10_000)}` },
  'Latin-1': { body: `token=${marker}`, type: `${formType}; charset=iso-8859-1` },
  'a charset that is none': { body: `token=${marker}`, type: `${formType}; charset=${marker}` },
  'bytes that are no UTF-8': { body: bytes(0xff, 0xfe, 0xc0, 0xaf), type: formType },
  'encoded bytes that are no UTF-8': { body: `token=${marker}%ff%c0%af`, type: formType },
  'a lone surrogate': { body: bytes(0xed, 0xa0, 0x80), type: formType },
  'UTF-16': { body: new Uint8Array([0xff, 0xfe, 0x74, 0, 0x3d, 0, 0x61, 0]), type: formType },
  'gzip bytes': { body: new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0]), type: formType },
  'a parameter twice': { body: `token=${marker}&token=${marker}2`, type: formType },
  'an unknown parameter twice': { body: `token=${marker}&x=1&x=2`, type: formType },
  'a parameter twice, once encoded': { body: `token=${marker}&%74oken=${marker}`, type: formType },
  'names of JavaScript': { body: '__proto__=1&constructor=2&toString=3', type: formType },
  'separators alone': { body: '&&&&=&=&', type: formType },
  'a lone percent sign': { body: `%=${marker}`, type: formType },
  '4000 parameters': { body: 'a'.repeat(4000).split('').join('&'), type: formType },
  '1 MB of a form': { body: `token=${marker}${'x'.repeat(megabyte)}`, type: formType },
  '1 MB of zeros': { body: new Uint8Array(megabyte), type: formType },
  '1 MB of no type': { body: new Uint8Array(megabyte) },
};

const endpoints = ['/session/token', '/session/revoke', '/session/introspect'];

describe.each(endpoints)('POST %s', (path) => {
  const names = Object.keys(bodies);
  test.each(names)('%s', async (name) => {
    const { body, type } = bodies[name] as Body;
    const response = await stack.request(path, {
      method: 'POST',
      ...(body !== undefined && { body }),
      headers: type === undefined ? {} : { 'content-type': type },
    });
    await expectRefused(response);
  });

  // The server closes a connection whose request it did not read to the end, so none is used twice.
  const headers = { 'content-type': formType, connection: 'close' };
  const send = (init: RequestInit & { duplex?: 'half' }) =>
    fetch(server.url + path, { method: 'POST', headers, ...init } as RequestInit);

  test('1 MB over a real connection', async () => {
    const response = await send({
      body: `token=${marker}${'x'.repeat(megabyte)}`,
    });
    await expectRefused(response);
  });

  test('1 MB in pieces over a real connection', async () => {
    const pieces = new ReadableStream({
      start(controller) {
        for (let piece = 0; piece < 64; piece += 1)
          controller.enqueue(new Uint8Array(megabyte / 64).fill(97));
        controller.close();
      },
    });
    const response = await send({ body: pieces, duplex: 'half' });
    await expectRefused(response);
  });

  test('any bytes under any content type', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.constantFrom(formType, `${formType};charset=utf-8`, 'text/plain', 'application/json', ''),
        async (body, type) => {
          const headers = type === '' ? {} : { 'content-type': type };
          const form = new TextDecoder().decode(body);
          // A form that does hold a token is no bad input.
          fc.pre(!/(^|&)token=./.test(form));
          await expectRefused(
            await stack.request(path, { method: 'POST', body: new Uint8Array(body), headers }),
          );
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('tokens', () => {
  const odd: Record<string, string> = {
    nonsense: marker,
    'a well-made one of nobody': markedToken,
    'one of 1 MB': `${markedToken}${'A'.repeat(megabyte)}`,
    'one of 5 KB': `${markedToken}${'A'.repeat(5000)}`,
    'one of dots': '.'.repeat(3000),
    'two parts': markedToken.split('.').slice(0, 2).join('.'),
    'four parts': `${markedToken}.${marker}`,
    padding: `${markedToken}==`,
    'line breaks': `${markedToken}\r\nset-cookie: ${marker}`,
    'zero bytes': `${marker}\0`,
    'not ASCII': `${marker}é😀`,
    'a deep nest of JSON': `${encode('['.repeat(2000))}.${encode('{"a":'.repeat(300))}.AAAA`,
    'an array for claims': `${encode({ alg: 'HS256' })}.${encode([marker])}.AAAA`,
    'null for claims': `${encode({ alg: 'HS256' })}.${encode('null')}.AAAA`,
    'a name of JavaScript for kid': `${encode({ alg: 'HS256', typ: 'JWT', kid: '__proto__' })}.${encode({})}.AAAA`,
    'a number for kid': `${encode({ alg: 'HS256', typ: 'JWT', kid: 7 })}.${encode({})}.AAAA`,
  };

  test.each(Object.entries(odd))('exchanging %s', async (_, token) => {
    const headers = { 'content-type': formType };
    const init = { method: 'POST', body: exchangeForm(token), headers };
    await expectRefused(await stack.request('/session/token', init));
  });

  test.each(Object.entries(odd))('renewing %s', async (_, token) => {
    const body = exchangeForm(token).replace(
      encodeURIComponent(jwtTokenType),
      encodeURIComponent(accessTokenType),
    );
    expect(body).toContain('access_token');
    const headers = { 'content-type': formType };
    await expectRefused(await stack.request('/session/token', { method: 'POST', body, headers }));
  });

  const inField = Object.entries(odd).filter(([, token]) => /^[\x20-\x7e]+$/.test(token));
  test.each(inField)('the short form with %s', async (_, token) => {
    for (const method of ['GET', 'POST']) {
      const headers = { authorization: `Bearer ${token}` };
      await expectRefused(await stack.request('/session/token', { method, headers }));
    }
  });

  test.each(Object.entries(odd))('revoking %s is no error and says nothing', async (name, token) => {
    const response = await stack.postForm('/session/revoke', { token });
    if (name === 'one of 1 MB') return expectRefused(response);
    expect([response.status, await response.text()]).toEqual([200, '']);
    return undefined;
  });

  test.each([
    ['Basic', marker],
    ['Basic', btoa(`${marker}:${marker}`)],
    ['Basic', btoa(marker)],
    ['Basic', btoa(`api:%ff%zz${marker}`)],
    ['Basic', btoa(`api:${marker}:more`)],
    ['Basic', btoa(`__proto__:${marker}`)],
    ['Basic', btoa(`api:${'x'.repeat(megabyte)}${marker}`)],
    ['Basic', 'gICA'],
    ['Bearer', marker],
    ['Digest', `username="${marker}"`],
  ])('introspecting as %s %#', async (scheme, credentials) => {
    const response = await stack.postForm(
      '/session/introspect',
      { token: markedToken },
      { authorization: `${scheme} ${credentials}` },
    );
    expect(response.headers.get('www-authenticate')).toBe('Basic realm="daypass", charset="UTF-8"');
    await expectRefused(response);
  });

  test('a secret of another backend is not echoed', async () => {
    const introspectionSecret = await stack.broker.privateKeys.introspectionSecret('admin');
    const response = await stack.postForm(
      '/session/introspect',
      { token: markedToken },
      { authorization: `Basic ${btoa(`api:${introspectionSecret}`)}` },
    );
    await expectRefused(response, introspectionSecret);
  });
});

describe('the wire', () => {
  /** Sends bytes as they are, and reads the status that comes back. */
  async function statusOf(lines: readonly string[]): Promise<number> {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    // A server that stopped reading resets the connection, and may do so after its answer.
    socket.on('error', () => undefined);
    socket.destroy();
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(answer.toString())?.[1]);
  }
  const host = `Host: ${new URL(siteUrl).host}`;

  test.each([
    ['HEAD for the token endpoint', ['HEAD /session/token HTTP/1.1', host], 405],
    ['a method that is none', ['NONSENSE /session/token HTTP/1.1', host], 400],
    ['TRACE', ['TRACE /session/token HTTP/1.1', host], 405],
    ['a path that is no UTF-8', ['GET /session/\xff HTTP/1.1', host], 400],
    [
      'a field that is no ASCII',
      ['GET /session/token HTTP/1.1', host, 'Authorization: Bearer \xff\xfe'],
      401,
    ],
    [
      'fields of 1 MB',
      ['GET /session/token HTTP/1.1', host, `Authorization: Bearer ${'a'.repeat(megabyte)}`],
      431,
    ],
    [
      'two Authorization fields',
      ['GET /session/token HTTP/1.1', host, 'Authorization: Bearer a', 'Authorization: Bearer b'],
      401,
    ],
    ['no host', ['GET /session/token HTTP/1.1'], 400],
    [
      'a length that is none',
      ['POST /session/token HTTP/1.1', host, `Content-Type: ${formType}`, 'Content-Length: -1'],
      400,
    ],
  ])('%s', async (_, lines, status) => {
    expect(await statusOf(lines)).toBe(status);
  });
});

test('every code that a caller can meet is documented with its status', () => {
  for (const code of Object.keys(codes) as ErrorCode[]) {
    expect(codes[code].status).toBeGreaterThanOrEqual(400);
    expect(codes[code].description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  }
});
