import type { Redis } from '@upstash/redis/cloudflare';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

const key = `${keyPrefix}:sweep:cursor`;

/** Three turns of an hourly schedule: an older position in the list says little. */
const ttlSeconds = 3 * 3600;

/** Where the next run of the scheduled sweep continues. */
export interface SweepCursor {
  /** @throws {DaypassError} `store_unavailable` */
  load(): Promise<string | undefined>;
  /**
   * @param cursor undefined when the next run starts from the beginning
   * @throws {DaypassError} `store_unavailable`
   */
  save(cursor: string | undefined): Promise<void>;
}

export function createSweepCursor(redis: Redis): SweepCursor {
  return {
    async load() {
      const answer: unknown = await storeCall(redis.get(key));
      if (answer !== null && typeof answer !== 'string') throw unexpectedAnswer();
      return answer ?? undefined;
    },
    async save(cursor) {
      if (cursor === undefined) {
        await storeCall(redis.del(key));
      } else if ((await storeCall(redis.set(key, cursor, { ex: ttlSeconds }))) !== 'OK') {
        throw unexpectedAnswer();
      }
    },
  };
}
