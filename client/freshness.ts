import type { HeldToken } from './storage.ts';

/** A token is renewed this long before it expires, or in the last quarter of its life if that is shorter. */
export const renewalMarginSeconds = 60;

/**
 * Whether the token lasts a while yet, by the wall clock: a machine that slept notices. One with longer to go than
 * it ever lived (the clock was set back) does not.
 * @param seconds how long, at most a quarter of its life
 */
export function lasts(held: HeldToken, seconds: number): boolean {
  const left = (held.expiresAt - Date.now()) / 1000;
  return left > Math.min(seconds, held.expires_in / 4) && left <= held.expires_in;
}
