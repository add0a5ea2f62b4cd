import { afterAll, beforeAll } from 'vitest';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createRedis } from '../../src/store/redis.ts';

/** A bridge for the tests of one suite: over a Redis in memory, or a real one, at REDIS_URL or from the PATH. */
export function useRedisBridge(backend: 'memory' | 'redis-server' = 'memory'): () => DevRedis {
  let bridge: DevRedis | undefined;
  beforeAll(async () => {
    const redisUrl = backend === 'redis-server' ? process.env.REDIS_URL : undefined;
    bridge = await startDevRedis({ backend, redisUrl });
    // The first request of a process is slow, and the client under test has 300 ms for each.
    await command(bridge, 'PING');
  });
  afterAll(() => bridge && closeBridge(bridge));
  return () => {
    if (!bridge) throw new Error('The bridge is there from beforeAll to afterAll.');
    return bridge;
  };
}

type Words = (string | number)[];

/** Where a Redis answers over Upstash's REST protocol. */
export type RedisAddress = Pick<DevRedis, 'url' | 'token'>;

/** Asks the bridge directly, past the client under test. */
export async function command(bridge: RedisAddress, ...words: Words): Promise<unknown> {
  const [reply] = await pipeline(bridge, [words]);
  return reply;
}

/** Whether a TTL is what is left of so many seconds; a busy machine may have taken up to a minute of them. */
export const isLeftOf = (seconds: number) => (ttl: unknown) =>
  Number(ttl) <= seconds && Number(ttl) > Math.max(0, seconds - 60);

/**
 * Commands that Redis has run, those inside scripts among them, as Upstash bills them. A real Redis alone counts them.
 * @returns how often each, by its name in lower case
 */
export async function commandStats(redis: RedisAddress): Promise<Map<string, number>> {
  const stats = String(await command(redis, 'INFO', 'commandstats'));
  const calls = [...stats.matchAll(/^cmdstat_([\w|]+):calls=(\d+)/gm)];
  return new Map(
    calls.filter(([, name]) => name !== 'info').map(([, name, count]) => [name as string, Number(count)]),
  );
}

/** How many in all. */
export async function commandsRun(redis: RedisAddress): Promise<number> {
  return [...(await commandStats(redis)).values()].reduce((sum, count) => sum + count, 0);
}

/** Every key without a time to live. */
export async function keysForEver(bridge: RedisAddress): Promise<string[]> {
  const keys = (await command(bridge, 'KEYS', '*')) as string[];
  if (keys.length === 0) return [];
  const lives = await pipeline(
    bridge,
    keys.map((key) => ['PTTL', key]),
  );
  // -2 is of a key that has ended meanwhile.
  return keys.filter((_, index) => lives[index] === -1);
}

/**
 * Ends a bridge with its suite.
 * @throws Error when a key would have stayed in Redis for ever
 */
export async function closeBridge(bridge: DevRedis): Promise<void> {
  bridge.setFault(undefined);
  // A bridge that the suite has ended itself cannot be asked.
  const keys = await keysForEver(bridge).catch(() => []);
  await bridge.close();
  if (keys.length > 0) throw new Error(`Keys without a time to live: ${keys.join(', ')}`);
}

async function pipeline({ url, token }: RedisAddress, commands: readonly Words[]): Promise<unknown[]> {
  const response = await fetch(`${url}/pipeline`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(commands),
  });
  const replies = (await response.json()) as { result: unknown }[];
  return replies.map(({ result }) => result);
}

/** A client that waits out a busy machine, for tests of anything but the 300 ms. */
export const patient = ({ url, token }: RedisAddress) =>
  createRedis({ url, token, timeoutMilliseconds: 30_000 });
