import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { definePolicy } from '../../src/policy/define.ts';
import {
  answer,
  bytes,
  exchangeRaw,
  type RawAnswer,
  type RawUpstream,
  startRawUpstream,
} from '../support/rawUpstream.ts';

// What leaves `npm start` on a socket: its HTTP server has rules of its own, and took some answers of upstreams for faults.

const policy = definePolicy({ routes: [{ path: '/api/*', verify: false }] });
let upstream: RawUpstream;
let server: DemoServer;
beforeAll(async () => {
  upstream = await startRawUpstream();
  server = await startDemo(readSettings({ PORT: '0' }, policy), policy, {
    redisBackend: 'memory',
    startApi: async () => ({
      url: upstream.url.origin,
      name: 'upstream',
      notes: [],
      close: async () => undefined,
    }),
  });
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

async function ask(answers: RawAnswer, ...fields: string[]): Promise<string> {
  upstream.answers(answers);
  const head = ['GET /api/x HTTP/1.1', `Host: ${new URL(server.url).host}`, 'Connection: close', ...fields];
  return exchangeRaw(server.url, `${head.join('\r\n')}\r\n\r\n`);
}

test.each<[string, RawAnswer, RegExp]>([
  [
    'a phrase in Latin-1',
    answer('200 N\u00e3o', [], 'x'),
    /^HTTP\/1.1 200 [\x20-\x7e]*\r\n[\s\S]*\r\n\r\nx$/,
  ],
  [
    'a phrase in UTF-8',
    bytes(Buffer.from('HTTP/1.1 404 \u3044\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx')),
    /^HTTP\/1.1 404 [\x20-\x7e]*\r\n[\s\S]*\r\n\r\nx$/,
  ],
  ['a status above 599', answer('999 Odd', [], 'x'), /^HTTP\/1.1 502 [\s\S]*"upstream_invalid_response"/],
  [
    '204 with a length',
    answer('204 No Content', [], 'xxx'),
    /^HTTP\/1.1 204 (?![\s\S]*content-length)[\s\S]*\r\n\r\n$/i,
  ],
  [
    '205 with content',
    answer('205 Reset Content', [], 'xxx'),
    /^HTTP\/1.1 205 (?![\s\S]*content-length: 3)[\s\S]*\r\n\r\n(0\r\n\r\n)?$/i,
  ],
  [
    'two cookies',
    answer('200 OK', ['Set-Cookie: a=1', 'Set-Cookie: b=2'], 'x'),
    /\r\nset-cookie: a=1\r\n[\s\S]*set-cookie: b=2\r\n/i,
  ],
])('%s', async (_, answers, expected) => {
  expect(await ask(answers)).toMatch(expected);
});

test('an upgrade to a WebSocket is answered, and says what to do instead', async () => {
  const fields = [
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ];
  upstream.received.length = 0;
  upstream.answers(answer('200 OK'));
  const head = ['GET /api/x HTTP/1.1', `Host: ${new URL(server.url).host}`, 'Connection: Upgrade', ...fields];
  // The server keeps this connection: a request behind it closes it.
  const close = `GET /api/x HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nConnection: close\r\n\r\n`;
  const told = await exchangeRaw(server.url, `${head.join('\r\n')}\r\n\r\n`, close);
  expect(told).toMatch(/^HTTP\/1.1 501 Not Implemented\r\n/);
  expect(told).toContain('"upgrade_not_supported"');
  expect(told).toContain('first message');
});
