import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type BridgeFault,
  type DevRedis,
  type DevRedisOptions,
  startDevRedis,
} from '../../../dev/redis/start.ts';

const open: DevRedis[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(open.splice(0).map((bridge) => bridge.close()));
});

async function start(options: DevRedisOptions = {}): Promise<DevRedis> {
  const bridge = await startDevRedis({ backend: 'memory', ...options });
  open.push(bridge);
  return bridge;
}

async function ask(bridge: DevRedis, command: unknown[], signal?: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${bridge.token}` };
  return fetch(bridge.url, {
    method: 'POST',
    headers,
    body: JSON.stringify(command),
    signal: signal ?? null,
  });
}

describe('options', () => {
  test.each([
    [{ port: -1 }, 'port'],
    [{ port: 65_536 }, 'port'],
    [{ port: 1.5 }, 'port'],
    [{ token: '' }, 'token'],
    [{ token: 'two words' }, 'token'],
    [{ backend: 'other' as 'memory' }, 'backend'],
    [{ backend: 'memory', redisUrl: 'redis://127.0.0.1' }, 'redisUrl'],
    [{ backend: 'auto', redisUrl: 'http://127.0.0.1' }, 'redisUrl'],
    [{ backend: 'auto', redisUrl: 'nonsense' }, 'redisUrl'],
  ] as const)('%j is refused', async (options, word) => {
    const started = startDevRedis(options);
    await expect(started).rejects.toThrow(TypeError);
    await expect(started).rejects.toThrow(word);
  });

  test('a token of its own for each bridge, unless one is given', async () => {
    const [first, second, third] = [await start(), await start(), await start({ token: 'given' })];
    expect(first.token).toMatch(/^[\w-]{32}$/);
    expect(second.token).not.toBe(first.token);
    expect(third.token).toBe('given');
    expect(first.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  test('a port in use is a clear error', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use.`);
    server.close();
    const bridge = await start({ port });
    expect(bridge.url).toBe(`http://127.0.0.1:${port}`);
  });
});

describe('which Redis', () => {
  test('auto without a redis-server falls back to memory, and says so', async () => {
    vi.stubEnv('PATH', '/nowhere');
    const bridge = await start({ backend: 'auto' });
    expect(bridge.backend).toBe('in-memory Redis (ioredis-mock), since there is no redis-server on the PATH');
    expect(bridge.processId).toBeUndefined();
  });

  test('redis-server does not fall back', async () => {
    vi.stubEnv('PATH', '/nowhere');
    await expect(start({ backend: 'redis-server' })).rejects.toThrow('No redis-server on the PATH');
  });

  test('a Redis that does not answer is named without its password', async () => {
    const started = start({ backend: 'auto', redisUrl: 'redis://user:hush-hush@127.0.0.1:1' });
    await expect(started).rejects.toThrow('Redis at 127.0.0.1:1 does not answer: ECONNREFUSED');
    await expect(started).rejects.not.toThrow('hush-hush');
  });

  test('bridges in memory share no data', async () => {
    const [first, second] = [await start(), await start()];
    await ask(first, ['SET', 'key', 'value']);
    await ask(first, ['EVAL', 'return 1', 0]);
    expect(await (await ask(first, ['GET', 'key'])).json()).toEqual({ result: 'value' });
    expect(await (await ask(second, ['GET', 'key'])).json()).toEqual({ result: null });
    expect(await (await ask(second, ['DBSIZE'])).json()).toEqual({ result: 0 });
  });
});

describe('faults', () => {
  test('slow: the command runs at once, its answer comes late', async () => {
    const bridge = await start();
    bridge.setFault({ kind: 'slow', delayMilliseconds: 3_600_000 });
    const caller = new AbortController();
    let isAnswered = false;
    const late = ask(bridge, ['SET', 'key', 'value'], caller.signal).then(() => {
      isAnswered = true;
    });
    await expect.poll(() => bridge.commands).toBe(1);
    bridge.setFault(undefined);
    expect(await (await ask(bridge, ['GET', 'key'])).json()).toEqual({ result: 'value' });
    expect(isAnswered).toBe(false);
    caller.abort();
    await expect(late).rejects.toThrow('abort');

    bridge.setFault({ kind: 'slow', delayMilliseconds: 5 });
    expect(await (await ask(bridge, ['GET', 'key'])).json()).toEqual({ result: 'value' });
  });

  test.each([
    [{ kind: 'bad-gateway' }, 502, 'Bad Gateway'],
    [{ kind: 'rubbish' }, 200, '<p>It works!</p>'],
  ] as [BridgeFault, number, string][])('%j answers, and no command runs', async (fault, status, text) => {
    const bridge = await start();
    bridge.setFault(fault);
    const response = await ask(bridge, ['SET', 'key', 'value']);
    expect([response.status, await response.text()]).toEqual([status, text]);
    bridge.setFault(undefined);
    expect(await (await ask(bridge, ['GET', 'key'])).json()).toEqual({ result: null });
    expect([bridge.requests, bridge.commands]).toEqual([2, 1]);
  });

  test('hang: no answer, no command, until the bridge closes', async () => {
    const bridge = await start();
    bridge.setFault({ kind: 'hang' });
    await expect(ask(bridge, ['SET', 'key', 'value'], AbortSignal.timeout(200))).rejects.toThrow('timeout');
    const hanging = ask(bridge, ['SET', 'key', 'value']).catch((error: Error) => error.message);
    await expect.poll(() => bridge.requests).toBe(2);
    bridge.setFault(undefined);
    expect(await (await ask(bridge, ['GET', 'key'])).json()).toEqual({ result: null });
    await bridge.close();
    expect(await hanging).toBe('fetch failed');
  });
});

test('close() leaves nothing listening, and may be called twice', async () => {
  const bridge = await start();
  await ask(bridge, ['PING']);
  await Promise.all([bridge.close(), bridge.close()]);
  await expect(ask(bridge, ['PING'])).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});
