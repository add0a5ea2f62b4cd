import type { Redis } from '@upstash/redis/cloudflare';
import type { StatsEvent } from '../protocol/messages.ts';
import { dayOf, type StatsOf, statsKey, statsTtlSeconds, writeField } from './statsKey.ts';

/** How long counts gather before they are sent. */
const gatherMilliseconds = 1000;

/**
 * Adds up the counts of a day and renews the key's life, all or nothing of it: no key is left without an end. A field
 * that holds no number stops no other.
 */
const addUp = `
local taken = {}
for at = 2, #ARGV, 2 do
  local sum = redis.pcall('HINCRBY', KEYS[1], ARGV[at], ARGV[at + 1])
  taken[#taken + 1] = type(sum) == 'number' and 1 or 0
end
redis.call('EXPIRE', KEYS[1], ARGV[1])
return taken`.trim();

/**
 * Counts of what happened, one Redis hash for each UTC day. They gather in memory, as many as there are events, codes
 * and routes at most, and are sent once a second, in one script. With calls coming in that costs commands, but no
 * request. What was sent and got no answer is sent again, so that no count is lost: it counts twice when the answer alone
 * was lost. Since nothing is sent while Redis is given up, that ends when the circuit opens.
 */
export interface Counters {
  /** Counts an event; asks nobody. */
  add(event: StatsEvent, of?: StatsOf): void;
  /**
   * Sends what has waited for a second, unless Redis is given up. Called in the tick of other writes, it travels in their
   * request.
   */
  sendAlong(): void;
  /** Sends what is left a second from now: for `waitUntil`. Never throws. */
  settle(): Promise<void>;
}

/**
 * @param isReachable whether Redis may be asked; counts wait meanwhile
 * @param now the present, milliseconds since the epoch
 */
export function createCounters(redis: Redis, isReachable: () => boolean, now = () => Date.now()): Counters {
  /** By day, then by field. */
  let waiting = new Map<string, Map<string, number>>();
  /** Since when the oldest count has waited, in milliseconds since the epoch. */
  let since = 0;
  let settling: Promise<void> | undefined;

  function put(day: string, field: string, count: number): void {
    if (waiting.size === 0) since = now();
    const counts = waiting.get(day) ?? new Map<string, number>();
    waiting.set(day, counts.set(field, (counts.get(field) ?? 0) + count));
  }

  async function sendDay(day: string, counts: ReadonlyMap<string, number>): Promise<void> {
    const values = [statsTtlSeconds, ...[...counts].flat()];
    const taken: unknown = await redis.eval(addUp, [statsKey(day)], values).catch(() => undefined);
    for (const [index, [field, count]] of [...counts].entries()) {
      // What is no list comes from something that is no Redis.
      if (!Array.isArray(taken) || taken[index] !== 1) put(day, field, count);
    }
  }

  async function send(): Promise<void> {
    const batch = waiting;
    waiting = new Map();
    await Promise.all([...batch].map(([day, counts]) => sendDay(day, counts)));
  }

  async function sendLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherMilliseconds));
    settling = undefined;
    if (isReachable()) await send();
  }

  return {
    add: (event, of = {}) => put(dayOf(now()), writeField(event, of), 1),
    sendAlong() {
      // A clock that was set back must not make them wait as long.
      const hasWaited = Math.abs(now() - since) >= gatherMilliseconds;
      if (waiting.size > 0 && hasWaited && isReachable()) void send();
    },
    async settle() {
      if (waiting.size > 0) settling ??= sendLater();
      await settling;
    },
  };
}
