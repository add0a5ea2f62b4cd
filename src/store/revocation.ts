import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

const mark = '1';

/** More than the longest session, token and grace that a policy may ask for together (src/policy/define.ts). */
const maxTtlSeconds = 32 * 86_400;

/** Marks of sessions that were ended before their time. Sessions are named by their hashed subject. */
export interface Revocations {
  /**
   * @param session the hashed subject
   * @param ttlSeconds how long anything of the session could otherwise still be accepted; 32 days count as the most
   * @throws {DaypassError} `store_unavailable`
   */
  revoke(session: string, ttlSeconds: number): Promise<void>;
  /** @throws {DaypassError} `store_unavailable` */
  isRevoked(session: string): Promise<boolean>;
}

export function createRevocations(redis: Redis): Revocations {
  const keyOf = (session: string) => `${keyPrefix}:revoked:${session}`;
  return {
    async revoke(session, ttlSeconds) {
      const answer = await storeCall(
        redis.set(keyOf(session), mark, { ex: Math.ceil(Math.min(ttlSeconds, maxTtlSeconds)) }),
      );
      if (answer !== 'OK') throw unexpectedAnswer();
    },
    async isRevoked(session) {
      // GETEX without an option is GET. The client sends reads and writes apart, and the limits beside this question
      // are writes (@upstash/redis, pkg/auto-pipeline.ts): as a write it travels in the same request.
      const answer = await storeCall(redis.getex<string>(keyOf(session)));
      if (answer !== null && answer !== mark) throw unexpectedAnswer();
      return answer === mark;
    },
  };
}
