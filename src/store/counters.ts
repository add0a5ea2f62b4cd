import type { Redis } from '@upstash/redis/cloudflare';
import { codes, type ErrorCode } from '../protocol/codes.ts';
import type { StatsCount, StatsEvent } from '../protocol/messages.ts';
import { keyPrefix, storeCall, unexpectedAnswer } from './redis.ts';

/** How long counts gather before they are sent. */
const gatherMilliseconds = 1000;

/** How many days `/session/stats` covers: today and the seven before. */
const daysRead = 8;
const dayMilliseconds = 86_400_000;

/** The type makes sure that none is missing. */
const events: Readonly<Record<StatsEvent, true>> = {
  passed: true,
  refused: true,
  would_refuse: true,
  revocation_unchecked: true,
  circuit_opened: true,
  circuit_closed: true,
  store_refusing: true,
  store_accepting: true,
  ceiling_near: true,
  ceiling_reached: true,
};

export const statsEvents = Object.keys(events);

/** What an event is counted by, in addition to its name. */
export interface StatsOf {
  code?: ErrorCode | undefined;
  /** The route's `path` in the policy, never the path of a request: of those there are as many as callers like. */
  route?: string | undefined;
}

/**
 * Adds up the counts of a day and renews the key's life. Atomic, so no key lacks a TTL. A field that holds no number does
 * not stop the others.
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
 * Counts of what happened, one Redis hash for each UTC day. They gather in memory, bounded by the number of events, codes
 * and routes, and are sent once a second, in one script. While calls come in, that costs commands but no request. Counts
 * that got no answer are sent again, so that none is lost; they count twice when only the answer was lost, until the
 * circuit opens.
 */
export interface Counters {
  /** Counts an event in memory. */
  add(event: StatsEvent, of?: StatsOf): void;
  /**
   * Sends what has waited for a second, unless the circuit is open. Call it in the tick of other writes: it travels in
   * their request.
   */
  sendAlong(): void;
  /** Sends what is left a second from now: for `waitUntil`. Never throws. */
  flush(): Promise<void>;
}

/**
 * @param isReachable whether Redis may be called; until then counts wait
 * @param now the present, milliseconds since the epoch
 */
export function createCounters(redis: Redis, isReachable: () => boolean, now: () => number): Counters {
  /** By day, then by field. */
  let waiting = new Map<string, Map<string, number>>();
  /** Since when the oldest count has waited, in milliseconds since the epoch. */
  let since = 0;
  let flushing: Promise<void> | undefined;

  function put(day: string, field: string, count: number): void {
    if (waiting.size === 0) since = now();
    const counts = waiting.get(day) ?? new Map<string, number>();
    waiting.set(day, counts.set(field, (counts.get(field) ?? 0) + count));
  }

  async function sendDay(day: string, counts: ReadonlyMap<string, number>): Promise<void> {
    const ttlSeconds = (daysRead * dayMilliseconds) / 1000;
    const values = [ttlSeconds, ...[...counts].flat()];
    const taken: unknown = await redis.eval(addUp, [keyOf(day)], values).catch(() => undefined);
    for (const [index, [field, count]] of [...counts].entries()) {
      // Not a list: the server is not Redis.
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
    flushing = undefined;
    if (isReachable()) await send();
  }

  return {
    add: (event, of = {}) => put(dayOf(now()), writeField(event, of), 1),
    sendAlong() {
      // The absolute value: a clock that was set back must not make them wait as long.
      const hasWaited = Math.abs(now() - since) >= gatherMilliseconds;
      if (waiting.size > 0 && hasWaited && isReachable()) void send();
    },
    async flush() {
      if (waiting.size > 0) flushing ??= sendLater();
      await flushing;
    },
  };
}

/**
 * The counts of today and the seven days before, in one request. The latest day comes first; within a day the order is
 * Redis's.
 * @param now the present, milliseconds since the epoch
 * @throws {DaypassError} `store_unavailable`
 */
export async function readCounts(redis: Redis, now: number): Promise<StatsCount[]> {
  const days = Array.from({ length: daysRead }, (_, ago) => dayOf(now - ago * dayMilliseconds));
  const pipeline = redis.pipeline();
  for (const day of days) pipeline.hgetall(keyOf(day));
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

/** The hash of a UTC day. */
function keyOf(day: string): string {
  return `${keyPrefix}:stats:${day}`;
}

/** @param milliseconds since the epoch */
function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** The field of an event: `refused token_expired /api/*`, with `-` for what it does not have. */
function writeField(event: StatsEvent, { code = undefined, route = undefined }: StatsOf): string {
  return `${event} ${code ?? '-'} ${route ?? '-'}`;
}

/** Reads one field of a day; undefined for one that no version of Daypass writes. */
function readField(day: string, field: unknown, value: unknown): StatsCount | undefined {
  const [event = '', code = '', route = '', ...more] = String(field).split(' ');
  const count = Number(value);
  if (!Object.hasOwn(events, event) || more.length > 0) return undefined;
  if (code !== '-' && !Object.hasOwn(codes, code)) return undefined;
  if (!Number.isSafeInteger(count) || count < 1) return undefined;
  return {
    day,
    event: event as StatsEvent,
    ...(code !== '-' && { code: code as ErrorCode }),
    ...(route !== '-' && { route }),
    count,
  };
}
