import type { Redis } from '@upstash/redis/cloudflare';
import type { StatsCount } from '../protocol/messages.ts';
import { storeCall, unexpectedAnswer } from './redis.ts';
import { daysUpTo, readField, statsKey } from './statsKey.ts';

/**
 * The counts of today and the seven days before, in one request; days, then fields, in no particular order within a day.
 * @param now milliseconds since the epoch
 * @throws {DaypassError} `store_unavailable`
 */
export async function readCounts(redis: Redis, now: number): Promise<StatsCount[]> {
  const days = daysUpTo(now);
  const pipeline = redis.pipeline();
  for (const day of days) pipeline.hgetall(statsKey(day));
  const hashes = await storeCall(pipeline.exec<unknown[]>());
  if (hashes.length !== days.length) throw unexpectedAnswer();
  return days.flatMap((day, index) => readHash(day, hashes[index]));
}

/** Fields and values in turn, as Redis sends a hash. */
function readHash(day: string, hash: unknown): StatsCount[] {
  if (!Array.isArray(hash)) throw unexpectedAnswer();
  const counts: StatsCount[] = [];
  for (let at = 0; at < hash.length; at += 2) {
    const count = readField(day, hash[at], hash[at + 1]);
    if (count) counts.push(count);
  }
  return counts;
}
