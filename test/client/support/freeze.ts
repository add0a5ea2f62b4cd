import { afterEach, beforeEach, vi } from 'vitest';

const start = Date.UTC(2027, 0, 15);

/** Stops the clock for each test of the file, and takes chance out of waits: each is the longest it may be. */
export function freeze(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: start });
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  });
}

/** Lets seconds pass, as on a machine that slept: no timer fires. */
export function pass(seconds: number): void {
  vi.setSystemTime(Date.now() + seconds * 1000);
}

/**
 * Ends every wait at once, and moves the clock on by it.
 * @returns the waits so far, in seconds, but for those that hold the lock
 */
export function skipWaits(): number[] {
  const waits: number[] = [];
  vi.stubGlobal('setTimeout', (task: () => void, milliseconds: number) => {
    if (milliseconds >= 1000) waits.push(milliseconds / 1000);
    pass(milliseconds / 1000);
    queueMicrotask(task);
  });
  return waits;
}
