import type { Limit } from '../policy/types.ts';

/** One window of a limit as it is counted. */
export interface Meter extends Required<Limit> {
  /** What `RateLimit` calls it, and part of its keys: the limit's name in the policy, with window and route where it has several. */
  name: string;
  /** The limit's name in the policy and its route: its keys stay the same, whatever other windows it has. */
  key: string;
}

/**
 * The windows of a limit. Where it has several, each is named after its length as well: `session-86400`.
 * @param name the limit's in the policy
 * @param suffix tells those of a route from the site's
 */
export function metersOf(name: string, windows: readonly Required<Limit>[], suffix = ''): readonly Meter[] {
  const nameOf = ({ windowSeconds }: Limit) => (windows.length > 1 ? `${name}-${windowSeconds}` : name);
  return windows.map((window) => ({ ...window, key: name + suffix, name: nameOf(window) + suffix }));
}

/** What is known of one caller in the window at hand. */
export interface Known {
  /** Taken in this window. */
  current: number;
  /** Taken in the one before. */
  previous: number;
}

const millisecondsOf = ({ windowSeconds }: Meter) => windowSeconds * 1000;

/** The number of the window that holds a moment, counted from the epoch. */
export function windowAt(meter: Meter, milliseconds: number): number {
  return Math.floor(milliseconds / millisecondsOf(meter));
}

/**
 * What is left of a window at a moment in it, below 0 when more was taken than the limit. In a sliding window the one
 * before weighs the less the later it is, by the formula of @upstash/ratelimit (src/lua-scripts/single.ts).
 */
export function leftAt(meter: Meter, known: Known, milliseconds: number): number {
  return meter.limit - weightAt(meter, known.previous, milliseconds) - known.current;
}

function weightAt(meter: Meter, previous: number, milliseconds: number): number {
  if (meter.algorithm === 'fixed-window') return 0;
  const window = millisecondsOf(meter);
  return Math.floor((1 - (milliseconds % window) / window) * previous);
}

/** When as many are left as a call needs, should nobody else call: milliseconds since the epoch. */
export function whenLeft(meter: Meter, known: Known, need: number, milliseconds: number): number {
  const window = millisecondsOf(meter);
  const start = windowAt(meter, milliseconds) * window;
  if (leftAt(meter, known, milliseconds) >= need) return milliseconds;
  const slides = meter.algorithm === 'sliding-window';
  const room = meter.limit - known.current - need;
  // Enough once the window before weighs no more than the room.
  if (slides && room >= 0) return start + lightensAt(known.previous, room, window);
  return start + window + (slides ? lightensAt(known.current, meter.limit - need, window) : 0);
}

/** How far into a window what was taken before weighs no more than the room. */
function lightensAt(previous: number, room: number, window: number): number {
  if (previous <= room) return 0;
  return Math.min(window, Math.floor((1 - (room + 1) / previous) * window) + 1);
}

/** When the window at hand ends: milliseconds since the epoch. */
export function endOfWindow(meter: Meter, milliseconds: number): number {
  return (windowAt(meter, milliseconds) + 1) * millisecondsOf(meter);
}

/** No limit is higher. */
const maxPrice = 1_000_000_000;

/**
 * What a call is charged once its answer names a price: that, less the one that it cost until then.
 * @param price the text of the answer's header field; what is no whole number is no price
 */
export function unitsToCharge(price: string | null | undefined): number {
  return /^\d+$/.test(price ?? '') ? Math.max(0, Math.min(Number(price), maxPrice) - 1) : 0;
}
