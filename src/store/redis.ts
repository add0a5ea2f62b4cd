import { Redis } from '@upstash/redis/cloudflare';
import { DaypassError } from '../protocol/error.ts';
import { createIdleTimer, idleSignal } from './idleTimer.ts';
import { RedisError } from './redisError.ts';

const retryAfterSeconds = 2;

/** How long a call of the gate or the broker may wait for Redis, not counting the time that this process was busy. */
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
 * reservation that was sent again would find itself taken.
 * @param idleTimer counts the time that a call may take
 */
export function createRedis(options: RedisOptions, idleTimer = createIdleTimer()): Redis {
  const { url, token, timeoutMilliseconds = defaultTimeoutMilliseconds } = options;
  return new Redis({
    url,
    token,
    // `retry: false` still sends a request that failed on the network once more (@upstash/redis, pkg/http.ts).
    retry: { retries: 0 },
    // A function makes the client throw when time is up; a plain signal makes it answer a result that is none.
    signal: () => idleSignal(timeoutMilliseconds, idleTimer),
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
  } catch (thrown) {
    const cause = new RedisError(thrown);
    throw new DaypassError('store_unavailable', {
      retryAfterSeconds,
      cause,
      ...(cause.reason !== 'unreachable' && { detail: `Redis answered with an error: ${cause.reason}.` }),
    });
  }
}

/** What Redis answered, which was none of the answers that the command has: a proxy's page, or another server's. */
export function unexpectedAnswer(): DaypassError {
  return new DaypassError('store_unavailable', { retryAfterSeconds });
}
