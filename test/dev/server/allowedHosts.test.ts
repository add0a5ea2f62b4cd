import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request as startRequest } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DevServer } from '../../../dev/server/serveSite.ts';
import { startDevServer } from '../../../dev/server/start.ts';

// DNS rebinding: a page of a foreign domain whose name leads to 127.0.0.1 is of one origin with whatever answers there.

const publicUrl = 'https://tunnel.example';
let folder: string;
let target: ReturnType<typeof createServer>;
let untold: DevServer;
let told: DevServer;
let open: DevServer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-hosts-'));
  mkdirSync(join(folder, 'netlify/functions'), { recursive: true });
  writeFileSync(
    join(folder, 'netlify/functions/plain.ts'),
    `export default () => new Response('plain'); export const config = { path: '/plain' };`,
  );
  // What a dev server such as Vite goes by: the Host that it is sent.
  target = createServer((request, response) => response.end(`page for ${request.headers.host}`));
  target.on('upgrade', ({ headers }: IncomingMessage, socket: Socket) => {
    socket.end(
      `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Host: ${headers.host}\r\n\r\n`,
    );
  });
  target.listen(0, '127.0.0.1');
  await once(target, 'listening');
  const start = (options: { publicUrl?: string; host?: string }) =>
    startDevServer({ root: folder, redisBackend: 'memory', target: targetUrl(), ...options });
  untold = await start({});
  told = await start({ publicUrl });
  open = await start({ host: '0.0.0.0' });
});
afterAll(async () => {
  await Promise.all([untold, told, open].map((server) => server?.close()));
  target?.closeAllConnections();
  target?.close();
  rmSync(folder, { recursive: true, force: true });
});

const targetHost = () => `127.0.0.1:${(target.address() as AddressInfo).port}`;
const targetUrl = () => `http://${targetHost()}`;

interface Answer {
  status: number;
  body: string;
  hostOfUpgrade: unknown;
}

function send(server: DevServer, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = startRequest(server.url.replace('localhost', '127.0.0.1') + path, { headers });
    sent.on('upgrade', (answer, socket) => {
      socket.destroy();
      resolve({ status: answer.statusCode ?? 0, body: '', hostOfUpgrade: answer.headers['x-host'] });
    });
    sent.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body, hostOfUpgrade: undefined }));
    });
    sent.on('error', reject).end();
  });
}

const upgrade = { connection: 'Upgrade', upgrade: 'echo' };

test.each([
  'rebound.example:8888',
  'localhost.rebound.example',
  '127.0.0.1.rebound.example',
  'notlocalhost',
  '192.0.2.1',
  '[2001:db8::1]:8888',
])('a page of %s reads nothing, and the text names the setting', async (host) => {
  for (const path of ['/@fs/etc/passwd', '/plain', '/.netlify/identity/settings']) {
    const { status, body } = await send(untold, path, { host });
    expect(status).toBe(403);
    expect(body).toContain(`PUBLIC_URL=https://${host}`);
    expect(body).not.toContain('page for');
  }
  expect(await send(untold, '/hmr', { host, ...upgrade })).toMatchObject({ status: 403 });
  expect(await send(told, '/', { host, origin: publicUrl })).toMatchObject({ status: 403 });
});

test.each(['localhost:8888', 'LocalHost', 'shop.localhost:8888', '127.0.0.1', '[::1]:8888'])(
  '%s is this machine: the dev server is sent that Host',
  async (host) => {
    expect(await send(untold, '/', { host })).toMatchObject({ status: 200, body: `page for ${host}` });
    expect(await send(untold, '/plain', { host })).toMatchObject({ status: 200, body: 'plain' });
    expect(await send(untold, '/hmr', { host, ...upgrade })).toMatchObject({
      status: 101,
      hostOfUpgrade: host,
    });
  },
);

test('a server that HOST opens answers at its addresses, and at no name', async () => {
  expect(await send(open, '/', { host: '192.0.2.1:8888' })).toMatchObject({
    body: 'page for 192.0.2.1:8888',
  });
  expect(await send(open, '/', { host: '[2001:db8::1]' })).toMatchObject({ status: 200 });
  expect(await send(open, '/', { host: 'rebound.example' })).toMatchObject({ status: 403 });
});

test('through the tunnel that it was told of, the dev server is one of this machine, its hot reload too', async () => {
  const host = 'tunnel.example';
  expect(await send(told, '/', { host })).toMatchObject({ status: 200, body: `page for ${targetHost()}` });
  expect(await send(told, '/hmr', { host, ...upgrade })).toMatchObject({
    status: 101,
    hostOfUpgrade: targetHost(),
  });
});
