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
 * @param storage default `localStorage`; null for only memory
 */
export function openTokenStore(key: string, storage: TokenStorage | null | undefined) {
  let memory: HeldToken | undefined;
  /** What was written here, and what was found: memory is as new, or newer. */
  const known = new Set<unknown>();
  /** Whether one of these was there last. */
  let isStored = false;
  let writes = 0;

  /** @returns null for nothing; undefined when storage fails */
  async function callStorage(use: (storage: TokenStorage) => unknown): Promise<unknown> {
    try {
      return (await use(storage === undefined ? localStorage : (storage as TokenStorage))) ?? null;
    } catch {
      return undefined;
    }
  }

  const get = () => callStorage((storage) => storage.getItem(key));

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
      await callStorage((storage) => (text ? storage.setItem(key, text) : storage.removeItem(key)));
      const found = await get();
      // It took the place of all that was written before.
      if (found === text) known.clear();
      isStored = typeof found === 'string';
      if (isStored) known.add(found);
      writes += 1;
    },
  };
}

/**
 * Whether the token lasts a while yet, by the wall clock: a machine that slept notices. One with longer to go than
 * it ever lived (the clock was set back) does not.
 * @param seconds how long, at most a quarter of its life
 */
export function lasts(held: HeldToken, seconds: number): boolean {
  const left = (held.expiresAt - Date.now()) / 1000;
  return left > Math.min(seconds, held.expires_in / 4) && left <= held.expires_in;
}

/** @returns undefined for anything we did not store: the token is sent, and its times are computed with */
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

/** A token is renewed this long before it expires, or in the last quarter of its life if that is shorter. */
export const renewalMarginSeconds = 60;

/** A page's call waits for the storage, so not for long. */
const storageTimeoutSeconds = 2;

/**
 * Bounds how long a storage may take to answer. One that took longer is not called until it has answered; it then gets
 * the last of what was to be written meanwhile, since the write that was on its way may be older.
 * @returns a storage whose functions reject, or throw, instead
 * @throws TypeError when a function is missing
 */
export function boundStorage(storage: TokenStorage): TokenStorage {
  for (const name of ['getItem', 'setItem', 'removeItem'] as const) {
    if (typeof storage[name] !== 'function') throw new TypeError(`Daypass: bad option storage: no ${name}`);
  }
  let isOverdue = false;
  let missed: (() => unknown) | undefined;

  /** Without a timer for one that answers at once. */
  function callInTime<T>(use: () => T): T {
    if (isOverdue) throw new Error('Daypass: the storage does not answer');
    const answer = use();
    return (answer as Promise<unknown> | undefined)?.then ? (bound(answer) as T) : answer;
  }

  function bound(answer: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        isOverdue = true;
        reject();
      }, storageTimeoutSeconds * 1000);
      const settle = () => {
        clearTimeout(timer);
        isOverdue = false;
        const write = missed;
        missed = undefined;
        return write && callInTime(write);
      };
      Promise.resolve(answer)
        .then(resolve, reject)
        .then(settle)
        .catch(() => {});
    });
  }

  function write(use: () => unknown): unknown {
    if (isOverdue) missed = use;
    return callInTime(use);
  }

  return {
    getItem: (key) => callInTime(() => storage.getItem(key)),
    setItem: (key, value) => write(() => storage.setItem(key, value)),
    removeItem: (key) => write(() => storage.removeItem(key)),
  };
}
