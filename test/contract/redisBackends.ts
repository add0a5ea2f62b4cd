import { Redis, type RedisConfigNodejs } from '@upstash/redis';
import { afterAll, beforeAll, describe } from 'vitest';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { describeWith } from '../support/optional.ts';

export type BackendName = 'memory' | 'redis-server';

/** One suite over a bridge on each Redis: the one in memory, and a real one, at REDIS_URL or from the PATH. */
export function onEachRedis(title: string, suite: (bridge: () => DevRedis, name: BackendName) => void): void {
  describe(`${title}: memory`, () => suite(useBridge('memory'), 'memory'));
  describeWith('redis-server')(`${title}: redis-server`, () =>
    suite(useBridge('redis-server'), 'redis-server'),
  );
}

function useBridge(backend: BackendName): () => DevRedis {
  let bridge: DevRedis | undefined;
  beforeAll(async () => {
    const redisUrl = backend === 'redis-server' ? process.env.REDIS_URL : undefined;
    bridge = await startDevRedis({ backend, redisUrl });
  });
  afterAll(() => bridge?.close());
  return () => {
    if (bridge === undefined) throw new Error('The bridge is there from beforeAll to afterAll.');
    return bridge;
  };
}

/** Sends a body to the bridge as it stands, with the right bearer unless other headers are given. */
export async function send(
  bridge: DevRedis,
  path: string,
  body: string | undefined,
  init: { method?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; text: string }> {
  const response = await fetch(`${bridge.url}${path}`, {
    method: init.method ?? 'POST',
    headers: init.headers ?? { authorization: `Bearer ${bridge.token}` },
    ...(body === undefined ? {} : { body }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Sends a JSON body and reads the JSON answer. */
export async function ask(
  bridge: DevRedis,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: unknown }> {
  const sent = { authorization: `Bearer ${bridge.token}`, ...headers };
  const { status, text } = await send(bridge, path, JSON.stringify(body), { headers: sent });
  return { status, answer: JSON.parse(text) };
}

/** The client that the product ships with, set as the product sets it. */
export function connectClient(bridge: DevRedis, options: Partial<RedisConfigNodejs> = {}): Redis {
  return new Redis({
    url: bridge.url,
    token: bridge.token,
    retry: false,
    enableTelemetry: false,
    ...options,
  });
}
