import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** Longer than the minute that is counted and the next one, which still reads it. */
const loadTtlSeconds = 180;

/** More than the longest life of a challenge that a policy may set (src/policy/admission.ts). */
const maxMarkTtlSeconds = 7200;

/** The first use of a proof sets its mark and counts as one admission; later the mark says whose proof it is. */
const setMark = `
if redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2], 'NX') then
  redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], ARGV[3])
  return 1
end
if redis.call('GET', KEYS[1]) == ARGV[1] then return 1 end
return 0`.trim();

/** The marks of used proofs, and how many were used lately. */
export interface UsedProofs {
  /**
   * Uses a proof for a user. The same user may use it again: Identity calls up to three times for one sign-up.
   * @param proof the proof's canonical name
   * @param ttlSeconds how long the proof could otherwise still be accepted; capped at 7200
   * @returns false when it was used for another user
   * @throws {DaypassError} `store_unavailable`
   */
  use(proof: string, userId: string, ttlSeconds: number): Promise<boolean>;
  /**
   * Whether a proof was used for this user. Does not use it.
   * @throws {DaypassError} `store_unavailable`
   */
  wasUsedBy(proof: string, userId: string): Promise<boolean>;
  /**
   * How many proofs were used in the last minute: those of this minute of the clock, and the share of the minute before that
   * still lies in it.
   * @throws {DaypassError} `store_unavailable`
   */
  load(): Promise<number>;
}

/**
 * @param hash makes an identifier fit for a key
 * @param now the present, milliseconds since the epoch
 */
export function createUsedProofs(
  redis: Redis,
  hash: (identifier: string) => Promise<string>,
  now: () => number,
): UsedProofs {
  const markOf = async (proof: string) => `${keyPrefix}:proof:${await hash(proof)}`;
  return {
    async use(proof, userId, ttlSeconds) {
      const keys = [await markOf(proof), loadKey(now())];
      const values = [await hash(userId), Math.ceil(Math.min(ttlSeconds, maxMarkTtlSeconds)), loadTtlSeconds];
      const answer: unknown = await storeCall(redis.eval(setMark, keys, values));
      if (answer !== 0 && answer !== 1) throw unexpectedAnswer();
      return answer === 1;
    },
    async wasUsedBy(proof, userId) {
      const answer: unknown = await storeCall(redis.get(await markOf(proof)));
      if (answer !== null && typeof answer !== 'string') throw unexpectedAnswer();
      return answer === (await hash(userId));
    },
    async load() {
      const present = now();
      const answer: unknown = await storeCall(redis.mget(loadKey(present), loadKey(present - 60_000)));
      if (!Array.isArray(answer) || answer.length !== 2) throw unexpectedAnswer();
      const [current = 0, previous = 0] = answer.map(readCount);
      return current + previous * (1 - (present % 60_000) / 60_000);
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
