import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** Longer than the minute that is counted and the next one, in which it is still looked at. */
const loadTtlSeconds = 180;

/** More than the longest life of a challenge that a policy may ask for (src/policy/admission.ts). */
const maxMarkTtlSeconds = 7200;

/** A proof's first use takes its mark and counts as one admission; after that the mark tells whose it is. */
const takeMark = `
if redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then
  redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  return 1
end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0`.trim();

/** The marks of proofs that were used, and how many were of late. */
export interface UsedProofs {
  /**
   * Uses a proof for a user, who may do so again: Identity asks up to three times for one sign-up.
   * @param proof what names it, the same in every spelling of it
   * @param ttlSeconds how long the proof could otherwise still be accepted; 7200 count as the most
   * @returns false when it was used for another user
   * @throws {DaypassError} `store_unavailable`
   */
  use(proof: string, userId: string, ttlSeconds: number): Promise<boolean>;
  /**
   * Whether a proof was used for this user; uses nothing.
   * @throws {DaypassError} `store_unavailable`
   */
  wasUsedBy(proof: string, userId: string): Promise<boolean>;
  /**
   * How many proofs were used in the last minute: those of this minute of the clock, and of the minute before as much as
   * still lies in it.
   * @throws {DaypassError} `store_unavailable`
   */
  load(): Promise<number>;
}

/** @param hash turns an identifier into what may stand in a key */
export function createUsedProofs(redis: Redis, hash: (identifier: string) => Promise<string>): UsedProofs {
  const markOf = async (proof: string) => `${keyPrefix}:proof:${await hash(proof)}`;
  return {
    async use(proof, userId, ttlSeconds) {
      const keys = [await markOf(proof), loadKey(Date.now())];
      const values = [await hash(userId), Math.ceil(Math.min(ttlSeconds, maxMarkTtlSeconds)), loadTtlSeconds];
      const answer: unknown = await storeCall(redis.eval(takeMark, keys, values));
      if (answer !== 0 && answer !== 1) throw unexpectedAnswer();
      return answer === 1;
    },
    async wasUsedBy(proof, userId) {
      const answer: unknown = await storeCall(redis.get(await markOf(proof)));
      if (answer !== null && typeof answer !== 'string') throw unexpectedAnswer();
      return answer === (await hash(userId));
    },
    async load() {
      const now = Date.now();
      const answer: unknown = await storeCall(redis.mget(loadKey(now), loadKey(now - 60_000)));
      if (!Array.isArray(answer) || answer.length !== 2) throw unexpectedAnswer();
      const [present = 0, previous = 0] = answer.map(readCount);
      return present + previous * (1 - (now % 60_000) / 60_000);
    },
  };
}

/** @param milliseconds since the epoch */
function loadKey(milliseconds: number): string {
  return `${keyPrefix}:load:${Math.floor(milliseconds / 60_000)}`;
}

function readCount(value: unknown): number {
  if (value === null) return 0;
  if (typeof value !== 'string' || !/^\d{1,15}$/.test(value)) throw unexpectedAnswer();
  return Number(value);
}
