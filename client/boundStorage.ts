import type { TokenStorage } from './options.ts';

/** A page's call waits for the storage, so not for long. */
const storageTimeoutSeconds = 2;

/**
 * Bounds how long a storage may take to answer. One that took longer is not asked until it has answered; it then gets
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
  function ask<T>(use: () => T): T {
    if (isOverdue) throw new Error('Daypass: the storage does not answer');
    const answer = use();
    return (answer as Promise<unknown> | undefined)?.then ? (inTime(answer) as T) : answer;
  }

  function inTime(answer: unknown): Promise<unknown> {
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
        return write && ask(write);
      };
      Promise.resolve(answer)
        .then(resolve, reject)
        .then(settle)
        .catch(() => {});
    });
  }

  function write(use: () => unknown): unknown {
    if (isOverdue) missed = use;
    return ask(use);
  }

  return {
    getItem: (key) => ask(() => storage.getItem(key)),
    setItem: (key, value) => write(() => storage.setItem(key, value)),
    removeItem: (key) => write(() => storage.removeItem(key)),
  };
}
