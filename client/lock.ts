import { requestTimeout, wait } from './timing.ts';

/**
 * A tab sees what another has written to `localStorage` only after a while, and would be granted the lock sooner: so
 * the lock is held for this long beyond its task.
 */
const holdSeconds = 0.2;

/**
 * Makes a function that runs one task at a time among all tabs and workers of the origin, where the browser has Web
 * Locks and grants one. Elsewhere (an old browser, a profile that blocks site data, a sandboxed frame, a page that is
 * being left) it runs each at once, so that two tabs may make a session each.
 *
 * A lock is waited for as long as one request for a token may take. Whoever holds it longer is frozen, or works out a
 * proof on a slow machine: two sessions then do less harm than a page that hangs. After that it is taken when it is
 * free, and done without when it is not.
 */
export function createLock(name: string) {
  let isHeldTooLong = false;

  return async <T>(task: () => Promise<T>): Promise<T> => {
    let result: Promise<T> | undefined;
    const runOnce = () => {
      result ??= task();
      return result;
    };
    const signal = requestTimeout();
    try {
      await new Promise((resolve, reject) => {
        navigator.locks
          .request(name, isHeldTooLong ? { ifAvailable: true } : { signal }, async (lock) => {
            isHeldTooLong = !lock;
            await runOnce().then(resolve, resolve);
            await wait(holdSeconds);
          })
          .catch(reject);
      });
    } catch {
      // Done without.
      isHeldTooLong ||= signal.aborted;
    }
    return runOnce();
  };
}
