import type { TokenResponse } from '../src/protocol/messages.ts';
import type { TokenStorage } from './options.ts';

/** The broker's answer, with its lifetimes put on the local clock (milliseconds since the epoch). */
export interface HeldToken extends TokenResponse {
  expiresAt: number;
  /** 0 once the session is over. */
  sessionEndsAt: number;
}

/**
 * Keeps the token where all tabs find it, and in memory what nothing else holds: storage may be missing, forbidden,
 * full, a stub that keeps nothing, or all of these by turns. It is read at each use, so that what another tab renewed
 * or ended is known at once: a text that was not known here before is news, and so is the end of one that was.
 * @param storage default `localStorage`; null for memory alone
 */
export function openTokenStore(key: string, storage: TokenStorage | null | undefined) {
  let memory: HeldToken | undefined;
  /** What was written here, and what was found: memory is as new, or newer. */
  const known = new Set<unknown>();
  /** Whether one of these was there last. */
  let isStored = false;
  let writes = 0;

  /** @returns null for nothing; undefined when storage fails */
  async function ask(use: (storage: TokenStorage) => unknown): Promise<unknown> {
    try {
      return (await use(storage === undefined ? localStorage : (storage as TokenStorage))) ?? null;
    } catch {
      return undefined;
    }
  }

  const get = () => ask((storage) => storage.getItem(key));

  return {
    async read(): Promise<HeldToken | undefined> {
      const turn = writes;
      const text = await get();
      // Else it may be from before a write that was made meanwhile.
      if (turn === writes && text !== undefined) {
        const other = known.has(text) ? undefined : parse(text);
        // What was there and is gone, another tab has revoked.
        if (other || (text === null && isStored)) {
          memory = other;
          known.clear();
        }
        if (other) known.add(text);
        isStored = known.has(text);
      }
      return memory;
    },

    /** @param token undefined forgets it */
    async write(token: HeldToken | undefined): Promise<void> {
      memory = token;
      writes += 1;
      const text = token ? JSON.stringify(token) : null;
      if (text) known.add(text);
      await ask((storage) => (text ? storage.setItem(key, text) : storage.removeItem(key)));
      const found = await get();
      // It took the place of all that was written before.
      if (found === text) known.clear();
      isStored = typeof found === 'string';
      if (isStored) known.add(found);
      writes += 1;
    },
  };
}

/** @returns undefined for what is none of ours: a token is sent on, and its times are reckoned with */
function parse(text: unknown): HeldToken | undefined {
  try {
    const held = JSON.parse(text as string);
    const times = [held.expires_in, held.expiresAt, held.sessionEndsAt];
    // RFC 6750 §2.1: b64token
    const isToken = typeof held.access_token === 'string' && /^[\w.~+/-]+=*$/.test(held.access_token);
    return isToken && times.every(Number.isFinite) ? held : undefined;
  } catch {
    return undefined;
  }
}
