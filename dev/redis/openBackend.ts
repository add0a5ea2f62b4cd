import { ConfigurationError } from '../../src/protocol/error.ts';
import type { Backend } from './backend.ts';

/**
 * Which Redis to use: `auto` takes `redisUrl` when given, else a redis-server of the PATH, else memory;
 * `redis-server` does not fall back to memory; `memory` takes nothing else.
 */
export type BackendChoice = 'auto' | 'redis-server' | 'memory';

/**
 * Opens the Redis behind the bridge. Each part is loaded only when it is used.
 * @throws TypeError when the choice and the URL contradict each other, or the URL is not one of Redis
 * @throws Error when Redis is not there or does not answer
 */
export async function openBackend(choice: BackendChoice, redisUrl: string | undefined): Promise<Backend> {
  if (!['auto', 'redis-server', 'memory'].includes(choice)) {
    throw new ConfigurationError(["backend must be 'auto', 'redis-server' or 'memory'"]);
  }
  if (redisUrl !== undefined) {
    if (choice === 'memory') throw new ConfigurationError(["redisUrl has no meaning with backend 'memory'"]);
    return openUrl(redisUrl);
  }
  if (choice === 'memory') return openMemoryBackend('in-memory Redis (ioredis-mock)');
  const { findRedisServer } = await import('./server/spawn.ts');
  if ((await findRedisServer()) !== undefined) return openSpawned();
  if (choice === 'auto') {
    return openMemoryBackend('in-memory Redis (ioredis-mock), since there is no redis-server on the PATH');
  }
  throw new Error('No redis-server on the PATH: install one, or set REDIS_URL.');
}

async function openUrl(redisUrl: string): Promise<Backend> {
  const url = URL.parse(redisUrl);
  if (url === null || !/^rediss?:$/.test(url.protocol)) {
    throw new TypeError('redisUrl must be a redis:// or rediss:// URL');
  }
  const place = `${url.hostname || 'localhost'}:${url.port || 6379}`;
  const { connectRedis } = await import('./server/connect.ts');
  const redis = await connectRedis(redisUrl).catch((error: Error) => {
    throw new Error(`Redis at ${place} does not answer: ${error.message}`);
  });
  return { ...redis, words: `Redis ${redis.version} at ${place}`, processId: undefined };
}

async function openSpawned(): Promise<Backend> {
  const { spawnRedis } = await import('./server/spawn.ts');
  const { connectRedis } = await import('./server/connect.ts');
  const server = await spawnRedis();
  try {
    const redis = await connectRedis(server.socketPath, server.gone);
    return {
      ...redis,
      words: `redis-server ${redis.version}, started for this run`,
      processId: server.processId,
      async close() {
        await redis.close();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function openMemoryBackend(words: string): Promise<Backend> {
  const { openMemory } = await import('./memory/open.ts');
  return { ...openMemory(), words, processId: undefined };
}
