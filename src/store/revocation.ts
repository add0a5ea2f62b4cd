import type { Redis } from '@upstash/redis/cloudflare';
import { BoundedMap } from '../protocol/boundedMap.ts';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';
import { describeRedisError, type RedisErrorReason } from './redisError.ts';

const mark = '1';

/** More than the longest session, token and grace that a policy may ask for together (src/policy/define.ts). */
const maxTtlSeconds = 32 * 86_400;

/** Sessions that one instance remembers as revoked; beyond, it forgets those that it has known longest. */
const rememberedSessions = 10_000;

/** Refusals in the face of which a question that is no write may still be answered. */
const mayStillRead: ReadonlySet<RedisErrorReason> = new Set(['read_only', 'full', 'unexpected']);

/** Marks of sessions that were ended before their time. Sessions are named by their hashed subject. */
export interface Revocations {
  /**
   * @param session the hashed subject
   * @param ttlSeconds how long anything of the session could otherwise still be accepted; 32 days count as the most
   * @throws {DaypassError} `store_unavailable`
   */
  revoke(session: string, ttlSeconds: number): Promise<void>;
  /**
   * Asks Redis, unless the answer is known. A yes is remembered.
   * @throws {DaypassError} `store_unavailable`
   */
  isRevoked(session: string): Promise<boolean>;
  /**
   * Whether this instance has seen the session revoked, or has revoked it. No session is taken back, so that holds
   * whatever becomes of Redis.
   */
  isKnown(session: string): boolean;
  /** Notes that Redis has told that a session was revoked. */
  remember(session: string): void;
}

export interface RevocationOptions {
  /** How long the tokens of a session may be accepted at most, renewals included. Default: of any policy. */
  rememberSeconds?: number;
  /** The present, milliseconds since the epoch. */
  now?: () => number;
}

export function createRevocations(redis: Redis, options: RevocationOptions = {}): Revocations {
  const { rememberSeconds = maxTtlSeconds, now = () => Date.now() } = options;
  /** Until when each is remembered, milliseconds since the epoch. */
  const known = new BoundedMap<string, number>(rememberedSessions);
  const keyOf = (session: string) => `${keyPrefix}:revoked:${session}`;

  function remember(session: string): void {
    // Behind all others, so that it is the last to be forgotten.
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
      // GETEX without an option is GET. The client sends reads and writes apart, and the limits beside this question
      // are writes (@upstash/redis, pkg/auto-pipeline.ts): as a write it travels in the same request.
      return await storeCall(redis.getex<string>(keyOf(session)));
    } catch (error) {
      // A replica, or a token that only reads, refuses every write, this one too.
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
