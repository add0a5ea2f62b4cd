import type { Limit } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';

/** One window of a limit as it is counted. */
export interface Meter extends Required<Limit> {
  /** Its name in `RateLimit`: the limit's in the policy, with its length if there are several windows, and the route. */
  name: string;
  /** Begins its keys: the limit's name and route. They do not change when the limit gets other windows. */
  key: string;
}

/**
 * The windows of a limit. If there are several, their names carry the length: `session-86400`.
 * @param name the limit's in the policy
 * @param suffix distinguishes a route's from the site's
 * @param prefix begins the keys
 */
export function metersOf(
  name: string,
  windows: readonly Required<Limit>[],
  suffix = '',
  prefix = '',
): readonly Meter[] {
  const nameOf = ({ windowSeconds }: Limit) => (windows.length > 1 ? `${name}-${windowSeconds}` : name);
  return windows.map((window) => ({ ...window, key: prefix + name + suffix, name: nameOf(window) + suffix }));
}

/** What is known of one caller in the current window. */
export interface Known {
  /** Taken in this window. */
  current: number;
  /** Taken in the previous one. */
  previous: number;
}

const millisecondsOf = ({ windowSeconds }: Meter) => windowSeconds * 1000;

/** The number of the window that holds a moment, counted from the epoch. */
export function windowAt(meter: Meter, milliseconds: number): number {
  return Math.floor(milliseconds / millisecondsOf(meter));
}

/**
 * What is left of a window at a moment in it; negative if more was taken than the limit. In a sliding window the previous
 * one weighs less as time passes, by the formula of @upstash/ratelimit (src/lua-scripts/single.ts).
 */
export function leftAt(meter: Meter, known: Known, milliseconds: number): number {
  return meter.limit - weightAt(meter, known.previous, milliseconds) - known.current;
}

function weightAt(meter: Meter, previous: number, milliseconds: number): number {
  if (meter.algorithm === 'fixed-window') return 0;
  const window = millisecondsOf(meter);
  return Math.floor((1 - (milliseconds % window) / window) * previous);
}

/** When a call that needs so many could pass, if nothing else is taken: milliseconds since the epoch. */
export function availableAt(meter: Meter, known: Known, need: number, milliseconds: number): number {
  const window = millisecondsOf(meter);
  const start = windowAt(meter, milliseconds) * window;
  if (leftAt(meter, known, milliseconds) >= need) return milliseconds;
  const slides = meter.algorithm === 'sliding-window';
  const room = meter.limit - known.current - need;
  // Enough once the previous window weighs no more than the room.
  if (slides && room >= 0) return start + lightensAt(known.previous, room, window);
  return start + window + (slides ? lightensAt(known.current, meter.limit - need, window) : 0);
}

/** How far into a window the previous one weighs no more than the room, in milliseconds. */
function lightensAt(previous: number, room: number, window: number): number {
  if (previous <= room) return 0;
  return Math.min(window, Math.floor((1 - (room + 1) / previous) * window) + 1);
}

/** When the current window ends: milliseconds since the epoch. */
export function endOfWindow(meter: Meter, milliseconds: number): number {
  return (windowAt(meter, milliseconds) + 1) * millisecondsOf(meter);
}

/** What one window of a limit said of one call. */
export interface Decision {
  /** What `RateLimit` calls the window: see `Meter`. */
  name: string;
  allowed: boolean;
  limit: number;
  windowSeconds: number;
  /** Calls left in the window, never below 0. */
  remaining: number;
  /** Seconds until the window ends, at least 1. */
  resetSeconds: number;
}

/**
 * Refuses a call that any of its limits refused.
 * @throws {DaypassError} `rate_limited`, to be tried again when the last of the refusing windows has ended
 */
export function enforce(decisions: readonly Decision[]): void {
  const refusing = decisions.filter((decision) => !decision.allowed);
  if (refusing.length === 0) return;
  throw new DaypassError('rate_limited', {
    retryAfterSeconds: Math.max(...refusing.map((decision) => decision.resetSeconds)),
    headers: rateLimitFields(decisions),
  });
}

/**
 * `RateLimit-Policy` and `RateLimit` of one answer (draft-ietf-httpapi-ratelimit-headers-10): what each limit allows,
 * what is left of it, and in how many seconds it resets. The one with the least left stands first. No fields where no
 * limit applies.
 */
export function rateLimitFields(given: readonly Decision[]): Record<string, string> {
  if (given.length === 0) return {};
  const decisions = [...given].sort((one, other) => one.remaining - other.remaining);
  return {
    'ratelimit-policy': decisions
      .map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`)
      .join(', '),
    ratelimit: decisions
      .map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  };
}
