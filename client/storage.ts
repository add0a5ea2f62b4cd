import type { TokenResponse } from '../src/protocol/messages.ts';
import type { TokenStorage } from './options.ts';

/** The broker's answer, with its lifetimes put on the local clock (milliseconds since the epoch). */
export interface HeldToken extends TokenResponse {
  expiresAt: number;
  /** 0 once the session is over. */
  sessionEndsAt: number;
}

/** An asynchronous storage that takes longer is done without until it has answered: a page's call waits for it. */
const storageTimeoutSeconds = 2;

/**
 * Keeps the token where all tabs find it, and in memory what nothing else holds: storage may be missing, forbidden,
 * full, silent, a stub that keeps nothing, or all of these by turns. It is read at each use, so that what another tab
 * renewed or ended is known at once: the text that it held after the last write here is as good as memory, and any
 * other is news.
 * @param storage default `localStorage`; null for memory alone
 */
export function openTokenStore(key: string, storage: TokenStorage | null | undefined) {
  let memory: HeldToken | undefined;
  /** What storage was last seen to hold, be it what was written here or not. */
  let seen: unknown;
  let writes = 0;
  /** Settles with the answer that did not come in time. */
  let overdue: Promise<unknown> | undefined;

  /** @returns null for nothing; undefined when there is no answer */
  async function ask(use: (storage: TokenStorage) => unknown): Promise<unknown> {
    if (overdue) return undefined;
    try {
      const answer = use(storage === undefined ? localStorage : (storage as TokenStorage)) ?? null;
      // Without a timer for `localStorage`, which is asked at each call of the page.
      return (answer as Promise<unknown>)?.then ? await inTime(answer) : answer;
    } catch {
      return undefined;
    }
  }

  function inTime(answer: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        overdue = settled;
        resolve(undefined);
      }, storageTimeoutSeconds * 1000);
      const settled = Promise.resolve(answer)
        .then((value) => resolve(value ?? null), reject)
        .then(() => {
          clearTimeout(timer);
          overdue = undefined;
        });
    });
  }

  const get = () => ask((storage) => storage.getItem(key));

  async function read(): Promise<HeldToken | undefined> {
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
  }

  /** @param token undefined forgets it */
  async function write(token: HeldToken | undefined): Promise<void> {
    memory = token;
    writes += 1;
    const turn = writes;
    if (overdue) {
      // Else a write that is still on its way would be the last.
      overdue.then(() => write(memory));
      return;
    }
    await ask((storage) => (token ? storage.setItem(key, JSON.stringify(token)) : storage.removeItem(key)));
    const text = await get();
    if (turn === writes && text !== undefined) seen = text;
  }

  return { read, write };
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
