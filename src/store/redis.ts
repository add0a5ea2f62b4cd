import { Redis } from '@upstash/redis/cloudflare';
import { DaypassError } from '../protocol/error.ts';
import { createIdleTimer, idleSignal } from './clocks.ts';

const retryAfterSeconds = 2;

/** How long a call of the gate or the broker may wait for Redis, not counting the time that this process was busy. */
export const defaultTimeoutMilliseconds = 300;

/** The prefix of every key. Each key is written with a time to live. */
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
 * @param idleTimer measures how long a call takes
 */
export function createRedis(options: RedisOptions, idleTimer = createIdleTimer()): Redis {
  const { url, token, timeoutMilliseconds = defaultTimeoutMilliseconds } = options;
  return new Redis({
    url,
    token,
    // `retry: false` still sends a request that failed on the network once more (@upstash/redis, pkg/http.ts).
    retry: { retries: 0 },
    // With a function the client throws when the time is up; with a plain signal it returns a made-up result.
    signal: () => idleSignal(timeoutMilliseconds, idleTimer),
    enableAutoPipelining: true,
    enableTelemetry: false,
    automaticDeserialization: false,
  });
}

/**
 * Turns whatever goes wrong between us and Redis into the one error that callers know.
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

/** Whether Redis failed to do the request: any other error is a refusal, or our own mistake. */
export function isStoreUnavailable(error: unknown): error is DaypassError {
  return error instanceof DaypassError && error.code === 'store_unavailable';
}

/** For an answer that the command cannot have: it comes from a proxy, or from another kind of server. */
export function unexpectedAnswer(): DaypassError {
  return new DaypassError('store_unavailable', { retryAfterSeconds });
}

/**
 * Why Redis failed to do a request.
 * - `unreachable`: no answer in time, or an answer that is not Redis's: a proxy's page, a 5xx. Only this is an outage; with
 *   every other reason Redis answers, and refuses.
 * - `unauthorized`: it does not accept the token.
 * - `read_only`: the token may not write, or the server is a replica.
 * - `full`: there is no memory left for what the command would write.
 * - `quota_exceeded`: the plan's requests or commands are used up.
 * - `unexpected`: another error reply, such as WRONGTYPE or LOADING.
 */
export type RedisErrorReason =
  | 'unreachable'
  | 'unauthorized'
  | 'read_only'
  | 'full'
  | 'quota_exceeded'
  | 'unexpected';

/**
 * What error replies contain (redis.io, "Common Redis errors"; Upstash, "Troubleshooting"). Scripts put words of their own
 * in front, so the patterns are not anchored.
 */
const patterns: readonly (readonly [Exclude<RedisErrorReason, 'unreachable' | 'unexpected'>, RegExp])[] = [
  ['unauthorized', /\b(WRONGPASS|NOAUTH|Unauthorized)\b/],
  // Upstash's read-only token is an ACL user without write permissions. ACL failures within scripts have no NOPERM.
  ['read_only', /\b(READONLY|NOPERM)\b|has no permissions|executing the script can't/],
  ['full', /\b(OOM|MISCONF)\b|capacity quota exceeded/],
  ['quota_exceeded', /\bmax (\w+ )?(requests?|commands?|bandwidth)( count)? (limit|quota)? ?exceeded/],
];

/** What @upstash/redis puts in front of an error reply, per command of a pipeline (pkg/auto-pipeline.ts, pkg/pipeline.ts). */
const commandReply = /^Command (\d+ \[ \w+ \] )?failed: /;

/**
 * Finds the reason in what was thrown: by a call of @upstash/redis, or a `store_unavailable` around it.
 * @returns `unreachable` for whatever is not known
 */
export function describeRedisError(cause: unknown): RedisErrorReason {
  if (cause instanceof RedisError) return cause.reason;
  if (cause instanceof DaypassError) return describeRedisError(cause.cause);
  if (!(cause instanceof Error) || cause.name !== 'UpstashError') return 'unreachable';
  const reply = replyOf(cause);
  const known = patterns.find(([, pattern]) => pattern.test(reply));
  if (known) return known[0];
  // The SDK hides the HTTP status, and anything but a reply to a command may come from a gateway on the way.
  return commandReply.test(cause.message) ? 'unexpected' : 'unreachable';
}

/** Redis's own message, without the command: its arguments must not reach the log. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly reason: RedisErrorReason;

  constructor(cause: unknown) {
    const reason = describeRedisError(cause);
    const reply = cause instanceof Error ? `: ${replyOf(cause)}` : '';
    // The client wraps what it met on the network.
    const inner = cause instanceof Error ? cause.cause : undefined;
    super(`${reason}${reply}`, inner === undefined ? undefined : { cause: inner });
    this.reason = reason;
  }
}

/** The SDK appends the whole request to what was answered. */
function replyOf({ message }: Error): string {
  return message.replace(/, command was: .*$/s, '').replace(commandReply, '');
}
