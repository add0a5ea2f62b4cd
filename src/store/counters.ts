import type { Redis } from '@upstash/redis/cloudflare';
import type { StatsEvent } from '../protocol/messages.ts';
import { dayOf, type StatsOf, statsKey, statsTtlSeconds, writeField } from './statsKey.ts';

/** How long counts gather before they are sent. */
const gatherMilliseconds = 1000;

/**
 * Counts of what happened, one Redis hash for each UTC day. They gather in memory, as many as there are events, codes
 * and routes at most, and are sent once a second: one command for each that has changed and one for the key's life. With
 * calls coming in that costs commands, but no request. A request whose answer is lost is sent again, so that no count is
 * lost and some may count twice.
 */
export interface Counters {
  /** Counts an event; asks nobody. */
  add(event: StatsEvent, of?: StatsOf): void;
  /** Sends what has waited for a second. Called in the tick of other writes, it travels in their request. */
  sendAlong(): void;
  /** Sends what is left a second from now: for `waitUntil`. Never throws. */
  settle(): Promise<void>;
}

/** @param isReachable whether Redis may be asked; counts wait meanwhile */
export function createCounters(redis: Redis, isReachable: () => boolean): Counters {
  /** By day, then by field. */
  let waiting = new Map<string, Map<string, number>>();
  /** Since when the oldest count has waited, in milliseconds since the epoch. */
  let since = 0;
  let settling: Promise<void> | undefined;

  function put(day: string, field: string, count: number): void {
    if (waiting.size === 0) since = Date.now();
    const counts = waiting.get(day) ?? new Map<string, number>();
    waiting.set(day, counts.set(field, (counts.get(field) ?? 0) + count));
  }

  async function sendField(day: string, field: string, count: number): Promise<void> {
    const sum = await redis.hincrby(statsKey(day), field, count).catch(() => undefined);
    // What is no number comes from something that is no Redis.
    if (!Number.isSafeInteger(sum)) put(day, field, count);
  }

  async function send(): Promise<void> {
    const batch = waiting;
    waiting = new Map();
    const commands = [...batch].flatMap(([day, counts]) => [
      ...[...counts].map(([field, count]) => sendField(day, field, count)),
      redis.expire(statsKey(day), statsTtlSeconds).then(undefined, () => undefined),
    ]);
    await Promise.all(commands);
  }

  async function sendLater(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, gatherMilliseconds));
    settling = undefined;
    if (isReachable()) await send();
  }

  return {
    add: (event, of = {}) => put(dayOf(Date.now()), writeField(event, of), 1),
    sendAlong() {
      if (waiting.size > 0 && Date.now() - since >= gatherMilliseconds) void send();
    },
    async settle() {
      if (waiting.size > 0) settling ??= sendLater();
      await settling;
    },
  };
}
