import type { Redis } from '@upstash/redis/cloudflare';
import { describeRedisError, keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** Longer than an Identity token lives (3600 s): no token outlives the mark of its user. */
const ttlSeconds = 3900;

const compareAndDelete =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** The marks of users that are being exchanged, or were: each is redeemed once. */
export interface Redemptions {
  /**
   * Reserves the redemption of a user, atomically. When Redis does not answer in time, the reservation is released, as far as
   * that helps.
   * @returns a nonce that names our reservation; undefined when the user is reserved already
   * @throws {DaypassError} `store_unavailable`
   */
  reserve(userId: string): Promise<string | undefined>;
  /**
   * Releases a reservation, if it is still the one that the nonce names. After that, no token may be minted for it.
   * @throws {DaypassError} `store_unavailable`
   */
  release(userId: string, nonce: string): Promise<void>;
}

/** @param hash makes an identifier fit for a key */
export function createRedemptions(redis: Redis, hash: (identifier: string) => Promise<string>): Redemptions {
  const keyOf = async (userId: string) => `${keyPrefix}:redemption:${await hash(userId)}`;
  async function release(userId: string, nonce: string): Promise<void> {
    await storeCall(redis.eval(compareAndDelete, [await keyOf(userId)], [nonce]));
  }
  return {
    async reserve(userId) {
      const nonce = crypto.randomUUID();
      const key = await keyOf(userId);
      try {
        const answer = await storeCall(redis.set(key, nonce, { nx: true, ex: ttlSeconds }));
        if (answer === null) return undefined;
        if (answer !== 'OK') throw unexpectedAnswer();
        return nonce;
      } catch (error) {
        // A late Redis may have stored it, or may do so yet, and the visitor comes back with the same token.
        if (describeRedisError(error) === 'unreachable') await release(userId, nonce).catch(() => undefined);
        throw error;
      }
    },
    release,
  };
}
