import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createChance } from '../../test/python/support/chance.ts';
import { keysForEver } from '../../test/support/redisParts.ts';
import { exactly, type Figure } from './figures.ts';
import type { Context } from './measure.ts';
import { startServer } from './server.ts';

export interface OwnedContext extends Context {
  /** The keys that the measure left in Redis without a time to live. */
  countKeysForEver(): Promise<Figure[]>;
  /** Ends all that was started; may be called twice. */
  close(): Promise<void>;
}

/** @param seed of the run, printed with it */
export function createContext(seed: number): OwnedContext {
  const closers: (() => unknown)[] = [];
  const bridges: DevRedis[] = [];
  return {
    chance: createChance(seed),
    async startServer(options) {
      const server = await startServer(options);
      closers.push(() => server.close());
      if (server.redis) bridges.push(server.redis);
      return server;
    },
    async startBridge(options) {
      const bridge = await startDevRedis({
        ...(!options?.redisUrl && { backend: 'redis-server' }),
        ...options,
      });
      closers.push(() => bridge.close());
      bridges.push(bridge);
      return bridge;
    },
    defer(close) {
      closers.push(close);
    },
    async countKeysForEver() {
      const keys = await Promise.all(bridges.map(keysForEver));
      return keys.length === 0
        ? []
        : [exactly('keys left in Redis without a time to live', keys.flat().length, 0)];
    },
    async close() {
      for (let close = closers.pop(); close; close = closers.pop()) await close();
    },
  };
}
