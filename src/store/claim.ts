import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';
import { describeRedisError } from './redisError.ts';

/** Longer than an Identity token lives (3600 s): whoever holds one of a claimed user finds the claim. */
const ttlSeconds = 3900;

const compareAndDelete =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** The atomic mark "this user is being exchanged". */
export interface Claims {
  /**
   * Takes the claim of a user. When Redis does not answer, the claim is given back, for what that may help.
   * @returns a nonce that proves the claim is ours; undefined when somebody else has it
   * @throws {DaypassError} `store_unavailable`
   */
  take(userId: string): Promise<string | undefined>;
  /**
   * Gives a claim back, if it is still the one that the nonce took. Who releases must not mint.
   * @throws {DaypassError} `store_unavailable`
   */
  release(userId: string, nonce: string): Promise<void>;
}

/** @param hash turns an identifier into what may stand in a key */
export function createClaims(redis: Redis, hash: (identifier: string) => Promise<string>): Claims {
  const keyOf = async (userId: string) => `${keyPrefix}:claim:${await hash(userId)}`;
  async function release(userId: string, nonce: string): Promise<void> {
    await storeCall(redis.eval(compareAndDelete, [await keyOf(userId)], [nonce]));
  }
  return {
    async take(userId) {
      const nonce = crypto.randomUUID();
      const key = await keyOf(userId);
      try {
        const answer = await storeCall(redis.set(key, nonce, { nx: true, ex: ttlSeconds }));
        if (answer === null) return undefined;
        if (answer !== 'OK') throw unexpectedAnswer();
        return nonce;
      } catch (error) {
        // A Redis that was late may have taken it, or may yet: its visitor comes back with the same token.
        if (describeRedisError(error) === 'unreachable') await release(userId, nonce).catch(() => undefined);
        throw error;
      }
    },
    release,
  };
}
