import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** Longer than an Identity token lives (3600 s): whoever holds one of a claimed user finds the claim. */
const ttlSeconds = 3900;

const compareAndDelete =
  "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/** The atomic mark "this user is being exchanged". */
export interface Claims {
  /**
   * Takes the claim of a user.
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
  return {
    async take(userId) {
      const nonce = crypto.randomUUID();
      const answer = await storeCall(redis.set(await keyOf(userId), nonce, { nx: true, ex: ttlSeconds }));
      if (answer === null) return undefined;
      if (answer !== 'OK') throw unexpectedAnswer();
      return nonce;
    },
    async release(userId, nonce) {
      await storeCall(redis.eval(compareAndDelete, [await keyOf(userId)], [nonce]));
    },
  };
}
