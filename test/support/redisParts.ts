import { afterAll, beforeAll } from 'vitest';
import { type RedisBridge, startRedisBridge } from '../../src/dev/redis/start.ts';
import { createRedis } from '../../src/store/redis.ts';

/** A bridge for the tests of one suite: over a Redis in memory, or a real one, at REDIS_URL or from the PATH. */
export function useRedisBridge(backend: 'memory' | 'redis-server' = 'memory'): () => RedisBridge {
  let bridge: RedisBridge | undefined;
  beforeAll(async () => {
    const redisUrl = backend === 'redis-server' ? process.env.REDIS_URL : undefined;
    bridge = await startRedisBridge({ backend, redisUrl });
    // The first request of a process is slow, and the client under test has 300 ms for each.
    await command(bridge, 'PING');
  });
  afterAll(() => bridge?.close());
  return () => {
    if (!bridge) throw new Error('The bridge is there from beforeAll to afterAll.');
    return bridge;
  };
}

/** Asks the bridge directly, past the client under test. */
export async function command(bridge: RedisBridge, ...words: (string | number)[]): Promise<unknown> {
  const response = await fetch(bridge.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${bridge.token}` },
    body: JSON.stringify(words),
  });
  return ((await response.json()) as { result: unknown }).result;
}

/** Every key without a time to live. */
export async function keysForEver(bridge: RedisBridge): Promise<string[]> {
  const keys = (await command(bridge, 'KEYS', '*')) as string[];
  const lives = await Promise.all(keys.map((key) => command(bridge, 'PTTL', key)));
  return keys.filter((_, index) => !(Number(lives[index]) > 0));
}

/** A client that waits out a busy machine, for tests of anything but the 300 ms. */
export const patient = ({ url, token }: RedisBridge) =>
  createRedis({ url, token, timeoutMilliseconds: 5000 });
