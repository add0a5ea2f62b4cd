import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createClaims } from '../../src/store/claim.ts';
import { createRedis } from '../../src/store/redis.ts';
import { describeWith } from '../support/optional.ts';
import { command, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const hash = async (identifier: string) => `hash-of-${identifier}`;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A server that counts the requests on its wire, and those that take a claim, and answers each as told. */
async function startWire(answer: (socket: Socket, count: number) => void) {
  const state = { requests: 0, claims: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      if (text.includes('"set"')) state.claims += 1;
      if (!text.startsWith('POST ')) return;
      state.requests += 1;
      answer(socket, state.requests);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { claims: createClaims(createRedis({ url, token: 'x' }), hash), state };
}

function respond(socket: Socket, body: string): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}

// A claim that was sent again would find itself taken, and its visitor would get no token. The broker is a Node function;
// Deno's fetch repeats a request whose body is text when its connection breaks (denoland/deno pull request 32566).
describe.skipIf('Deno' in globalThis)('a claim is sent once [needs Node]', () => {
  test.each([
    ['is reset', (socket: Socket) => socket.resetAndDestroy()],
    ['is closed', (socket: Socket) => socket.end()],
    [
      'breaks off in its answer',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n[{'),
    ],
  ])('when the connection %s', async (_, fail) => {
    const { claims, state } = await startWire(fail);
    expect(await codeOf(() => claims.take('user'))).toBe('store_unavailable');
    expect(state.claims).toBe(1);
  });

  test('when a connection that was kept open is reset', async () => {
    const { claims, state } = await startWire((socket, count) => {
      if (count === 1) respond(socket, '[{"result":"OK"}]');
      else socket.resetAndDestroy();
    });
    expect(await claims.take('first')).toBeTypeOf('string');
    expect(await codeOf(() => claims.take('second'))).toBe('store_unavailable');
    expect(state.claims).toBe(2);
  });
});

function suite(backend: 'memory' | 'redis-server'): void {
  const bridge = useRedisBridge(backend);
  const connect = () => createClaims(patient(bridge()), hash);

  test('of two hundred at once, from several brokers, one takes the claim', async () => {
    const user = crypto.randomUUID();
    const brokers = Array.from({ length: 10 }, connect);
    const takes = brokers.flatMap((claims) => Array.from({ length: 20 }, () => claims.take(user)));
    const nonces = (await Promise.all(takes)).filter((nonce) => nonce !== undefined);
    expect(nonces).toHaveLength(1);
    expect(await command(bridge(), 'GET', `daypass:claim:hash-of-${user}`)).toBe(nonces[0]);
    const ttlSeconds = Number(await command(bridge(), 'TTL', `daypass:claim:hash-of-${user}`));
    expect(ttlSeconds).toBeGreaterThan(3890);
    expect(ttlSeconds).toBeLessThanOrEqual(3900);
  });

  test('only the nonce that took it gives it back', async () => {
    const user = crypto.randomUUID();
    const nonce = (await connect().take(user)) as string;
    for (const other of ['', '*', crypto.randomUUID(), nonce.toUpperCase(), `${nonce} `]) {
      await connect().release(user, other);
      expect(await connect().take(user)).toBeUndefined();
    }
    await connect().release(user, nonce);
    expect(await connect().take(user)).toBeTypeOf('string');
  });
}

describe('over Redis in memory', () => suite('memory'));
describeWith('redis-server')('over a real Redis', () => suite('redis-server'));
