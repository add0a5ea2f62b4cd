import type { Redis } from '@upstash/redis/cloudflare';
import { BoundedMap } from '../protocol/boundedMap.ts';
import {
  describeRedisError,
  keyPrefix,
  type RedisErrorReason,
  storeCall,
  unexpectedAnswer,
} from './redis.ts';

const mark = '1';

/** More than the longest session, token and grace that a policy may set together (src/policy/define.ts). */
const maxTtlSeconds = 32 * 86_400;

/** Revoked sessions that one instance remembers; beyond that, it forgets the ones that it has known longest. */
const rememberedSessions = 10_000;

/** Reasons for which Redis refuses writes, but may still answer a read. */
const mayStillRead: ReadonlySet<RedisErrorReason> = new Set(['read_only', 'full', 'unexpected']);

/** Marks of sessions that were ended early. A session is named by its hashed subject. */
export interface Revocations {
  /**
   * @param session the hashed subject
   * @param ttlSeconds how long a token of the session could otherwise still be accepted; capped at 32 days
   * @throws {DaypassError} `store_unavailable`
   */
  revoke(session: string, ttlSeconds: number): Promise<void>;
  /**
   * Looks the session up in Redis, unless this instance knows that it was revoked. A revocation is remembered.
   * @throws {DaypassError} `store_unavailable`
   */
  isRevoked(session: string): Promise<boolean>;
  /**
   * Whether this instance knows that the session was revoked. Revocations are final, so that holds whatever becomes of Redis.
   */
  isKnown(session: string): boolean;
  /** Remembers that a session was revoked, as Redis has answered elsewhere. */
  remember(session: string): void;
}

export interface RevocationOptions {
  /** How long tokens of a session may be accepted at most, renewals included. Default: the most that any policy allows. */
  rememberSeconds?: number;
  /** The present, milliseconds since the epoch. */
  now(): number;
}

export function createRevocations(redis: Redis, options: RevocationOptions): Revocations {
  const { rememberSeconds = maxTtlSeconds, now } = options;
  /** Until when each is remembered, milliseconds since the epoch. */
  const known = new BoundedMap<string, number>(rememberedSessions);
  const keyOf = (session: string) => `${keyPrefix}:revoked:${session}`;

  function remember(session: string): void {
    // Deleted first, so that it moves to the end and is forgotten last.
    known.delete(session);
    known.set(session, now() + rememberSeconds * 1000);
  }

  function isKnown(session: string): boolean {
    const until = known.get(session);
    if (until !== undefined && until <= now()) known.delete(session);
    return known.has(session);
  }

  async function readMark(session: string): Promise<string | null> {
    try {
      // GETEX without an option is GET. The client sends reads and writes in separate requests (@upstash/redis,
      // pkg/auto-pipeline.ts), and the limits that are checked at the same time are writes: as a write it travels with them.
      return await storeCall(redis.getex<string>(keyOf(session)));
    } catch (error) {
      // A replica refuses every write, and so it refuses a read-only token's: this one too.
      if (!mayStillRead.has(describeRedisError(error))) throw error;
      return storeCall(redis.get<string>(keyOf(session)));
    }
  }

  return {
    async revoke(session, ttlSeconds) {
      const answer = await storeCall(
        redis.set(keyOf(session), mark, { ex: Math.ceil(Math.min(ttlSeconds, maxTtlSeconds)) }),
      );
      if (answer !== 'OK') throw unexpectedAnswer();
      remember(session);
    },
    async isRevoked(session) {
      if (isKnown(session)) return true;
      const answer = await readMark(session);
      if (answer !== null && answer !== mark) throw unexpectedAnswer();
      if (answer === mark) remember(session);
      return answer === mark;
    },
    isKnown,
    remember,
  };
}
