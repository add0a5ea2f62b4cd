import { DaypassError } from '../protocol/error.ts';

/**
 * Why Redis did not do what it was told.
 * - `unreachable`: nothing answered in time, or something that is no Redis: a proxy's page, a 5xx. The only reason that
 *   is an outage; with all others Redis answers, and refuses.
 * - `unauthorized`: it does not accept the token.
 * - `read_only`: the token may not write, or the server is a replica.
 * - `full`: there is no memory left for what a command would write.
 * - `quota_exceeded`: the plan's requests or commands are spent.
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
 * The words of error replies (redis.io, "Common Redis errors"; Upstash, "Troubleshooting"). They stand behind other
 * words when a script met the error, so they are looked for anywhere.
 */
const words: readonly (readonly [Exclude<RedisErrorReason, 'unreachable' | 'unexpected'>, RegExp])[] = [
  ['unauthorized', /\b(WRONGPASS|NOAUTH|Unauthorized)\b/],
  // An Upstash token that only reads is an ACL user without rights to write. ACL failures within scripts have no NOPERM.
  ['read_only', /\b(READONLY|NOPERM)\b|has no permissions|executing the script can't/],
  ['full', /\b(OOM|MISCONF)\b|capacity quota exceeded/],
  ['quota_exceeded', /\bmax (\w+ )?(requests?|commands?|bandwidth)( count)? (limit|quota)? ?exceeded/],
];

/** An error reply as @upstash/redis throws it, per command of a pipeline (pkg/auto-pipeline.ts, pkg/pipeline.ts). */
const commandReply = /^Command (\d+ \[ \w+ \] )?failed: /;

/**
 * Tells reasons apart by what was thrown: by a call of @upstash/redis, or a `store_unavailable` around it.
 * @param cause the error; nothing known is `unreachable`
 */
export function describeRedisError(cause: unknown): RedisErrorReason {
  if (cause instanceof RedisError) return cause.reason;
  if (cause instanceof DaypassError) return describeRedisError(cause.cause);
  if (!(cause instanceof Error) || cause.name !== 'UpstashError') return 'unreachable';
  const message = wordsOf(cause);
  const known = words.find(([, pattern]) => pattern.test(message));
  if (known) return known[0];
  // The SDK does not tell the status of an answer: what is no reply to a command may come from a gateway on the way.
  return commandReply.test(cause.message) ? 'unexpected' : 'unreachable';
}

/** Why Redis did not do it, in its own words and without the command, whose arguments nobody should find in a log. */
export class RedisError extends Error {
  override readonly name = 'RedisError';
  readonly reason: RedisErrorReason;

  constructor(cause: unknown) {
    const reason = describeRedisError(cause);
    const said = cause instanceof Error ? `: ${wordsOf(cause)}` : '';
    // What the client met on the network is in the cause's own cause.
    const inner = cause instanceof Error ? cause.cause : undefined;
    super(`${reason}${said}`, inner === undefined ? undefined : { cause: inner });
    this.reason = reason;
  }
}

/** The SDK repeats the whole request behind what was answered. */
function wordsOf({ message }: Error): string {
  return message.replace(/, command was: .*$/s, '').replace(commandReply, '');
}
