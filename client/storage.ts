import type { TokenResponse } from '../src/protocol/messages.ts';
import type { TokenStorage } from './options.ts';

/** The broker's answer, with its lifetimes put on the local clock (milliseconds since the epoch). */
export interface HeldToken extends TokenResponse {
  expiresAt: number;
  /** 0 once the session is over. */
  sessionEndsAt: number;
}

/**
 * Keeps the token where all tabs find it, or in memory when nothing can be stored (a worker, private browsing, a
 * full quota). Storage is read at each use, so that what another tab renewed or ended is known at once.
 * @param storage default `localStorage`; null for memory alone
 */
export function openTokenStore(key: string, storage: TokenStorage | null | undefined) {
  let memory: HeldToken | undefined;

  /** Whatever is missing or forbidden throws here, and counts as nothing stored. */
  const open = () => (storage === undefined ? localStorage : (storage as TokenStorage));

  return {
    read(): HeldToken | undefined {
      try {
        return memory ?? JSON.parse(`${open().getItem(key)}`);
      } catch {
        return undefined;
      }
    },
    /** @param token undefined forgets it */
    write(token: HeldToken | undefined): void {
      memory = token;
      try {
        if (token) open().setItem(key, JSON.stringify(token));
        else open().removeItem(key);
        memory = undefined;
      } catch {
        // Memory has it.
      }
    },
  };
}
