import { wait } from './patience.ts';

/**
 * A tab sees what another has written to `localStorage` only after a while, and would be granted the lock sooner: so
 * the lock is held for this long beyond its task.
 */
const holdSeconds = 0.2;

/**
 * Runs one task at a time among all tabs and workers of the origin, where the browser has Web Locks; elsewhere
 * at once, so that two tabs may make a session each.
 */
export function withLock<T>(name: string, task: () => Promise<T>): Promise<T> {
  const locks = globalThis.navigator?.locks;
  if (!locks) return task();
  return new Promise((resolve, reject) => {
    locks
      .request(name, async () => {
        await task().then(resolve, reject);
        await wait(holdSeconds);
      })
      .catch(reject);
  });
}
