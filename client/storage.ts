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
 * or ended is known at once: the text that it held after the last write here is as good as memory, and any other is
 * news.
 * @param storage default `localStorage`; null for memory alone
 */
export function openTokenStore(key: string, storage: TokenStorage | null | undefined) {
  let memory: HeldToken | undefined;
  /** What storage was last seen to hold, be it what was written here or not. */
  let seen: unknown;
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
      if (text !== seen && turn === writes) {
        const other = parse(text);
        // What was there and is gone, another tab has revoked.
        if (other || (text === null && seen)) {
          memory = other;
          seen = text;
        }
      }
      return memory;
    },

    /** @param token undefined forgets it */
    async write(token: HeldToken | undefined): Promise<void> {
      memory = token;
      writes += 1;
      await ask((storage) => (token ? storage.setItem(key, JSON.stringify(token)) : storage.removeItem(key)));
      const text = await get();
      if (text !== undefined) seen = text;
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
