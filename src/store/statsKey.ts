import { codes, type ErrorCode } from '../protocol/codes.ts';
import type { StatsCount, StatsEvent } from '../protocol/messages.ts';
import { keyPrefix } from './redis.ts';

/** How long the counts of a day are kept: until a week later the same day has passed. */
export const statsTtlSeconds = 8 * 86_400;

const daysRead = 8;

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

/** What an event is counted by, beside its name. */
export interface StatsOf {
  code?: ErrorCode | undefined;
  /** The route's `path` in the policy, never the path of a request: there are as many as callers like. */
  route?: string | undefined;
}

/** The hash that holds the counts of a UTC day. */
export function statsKey(day: string): string {
  return `${keyPrefix}:stats:${day}`;
}

/** @param milliseconds since the epoch */
export function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

/** Today and the seven days before, the latest first. */
export function daysUpTo(milliseconds: number): string[] {
  return Array.from({ length: daysRead }, (_, ago) => dayOf(milliseconds - ago * 86_400_000));
}

/** The field of an event: `refused token_expired /api/*`, with `-` for what it has not. */
export function writeField(event: StatsEvent, { code = undefined, route = undefined }: StatsOf): string {
  return `${event} ${code ?? '-'} ${route ?? '-'}`;
}

/** What a field of the hash of a day counts; undefined for one that no version of ours would write. */
export function readField(day: string, field: unknown, value: unknown): StatsCount | undefined {
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
