import { Redis } from '@upstash/redis/cloudflare';
import { DaypassError } from '../protocol/error.ts';
import { RedisError } from './redisError.ts';

const retryAfterSeconds = 2;

/** How long a call of the gate or the broker may wait for Redis. */
export const defaultTimeoutMilliseconds = 300;

/** Every key of ours starts so. Each is written with a time to live. */
export const keyPrefix = 'daypass';

export interface RedisOptions {
  /** Where Upstash's REST protocol is spoken. */
  url: string;
  /** The bearer of its calls. */
  token: string;
  /** How long a call may take, connecting included. Default 300. */
  timeoutMilliseconds?: number;
}

/**
 * A Redis over Upstash's REST protocol. Commands of one tick travel in one HTTP request, and none is sent twice: a
 * claim that was sent again would find itself taken.
 */
export function createRedis(options: RedisOptions): Redis {
  const { url, token, timeoutMilliseconds = defaultTimeoutMilliseconds } = options;
  return new Redis({
    url,
    token,
    // `retry: false` still sends a request that failed on the network once more (@upstash/redis, pkg/http.ts).
    retry: { retries: 0 },
    // A function makes the client throw when time is up; a plain signal makes it answer a result that is none.
    signal: () => AbortSignal.timeout(timeoutMilliseconds),
    enableAutoPipelining: true,
    enableTelemetry: false,
    automaticDeserialization: false,
  });
}

/**
 * Whatever goes wrong between us and Redis, as the one error that callers know.
 * @throws {DaypassError} `store_unavailable`, with a `RedisError` as its cause
 */
export async function storeCall<T>(call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    throw new DaypassError('store_unavailable', { retryAfterSeconds, cause: new RedisError(cause) });
  }
}

/** What Redis answered, which was none of the answers that the command has: a proxy's page, or another server's. */
export function unexpectedAnswer(): DaypassError {
  return new DaypassError('store_unavailable', { retryAfterSeconds });
}

/**
 * Asks for a sign of life.
 * @throws {DaypassError} `store_unavailable`
 */
export async function ping(redis: Redis): Promise<void> {
  const answer = await storeCall(redis.ping());
  if (answer !== 'PONG') throw unexpectedAnswer();
}
