import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall } from './redis.ts';

/** Marks of sessions that were ended before their time. Sessions are named by their hashed subject. */
export interface Revocations {
  /**
   * @param session the hashed subject
   * @param ttlSeconds how long anything of the session could otherwise still be accepted
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
      await storeCall(redis.set(keyOf(session), '1', { ex: Math.ceil(ttlSeconds) }));
    },
    async isRevoked(session) {
      // GETEX without an option is GET. The client sends reads and writes apart, and the limits beside this question
      // are writes (@upstash/redis, pkg/auto-pipeline.ts): as a write it travels in the same request.
      return (await storeCall(redis.getex(keyOf(session)))) !== null;
    },
  };
}
