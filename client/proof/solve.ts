import { solveChallenge } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2';
import type { Challenge, Solution } from 'altcha-lib/types';

/** The part of a challenge's counters that one solver tries: from the start, in steps. */
export interface Task {
  challenge: Challenge;
  counterStart: number;
  counterStep: number;
}

const tellMilliseconds = 100;

/**
 * Tries counter after counter.
 * @param onTries called some ten times a second with the number of tries
 * @param beforeTry waited for before each try
 * @returns null once the controller aborts
 * @throws Error for a challenge that cannot be solved here
 */
export function solve(
  task: Task,
  onTries: (tries: number) => void,
  controller = new AbortController(),
  beforeTry?: () => Promise<void> | undefined,
): Promise<Solution | null> {
  let tries = 0;
  let toldAt = performance.now();
  return solveChallenge({
    ...task,
    controller,
    // It has one of its own, of 90 s; who knows when the challenge expires aborts.
    timeout: 0,
    async deriveKey(...input) {
      await beforeTry?.();
      tries += 1;
      const now = performance.now();
      if (now - toldAt >= tellMilliseconds) {
        toldAt = now;
        onTries(tries);
      }
      return deriveKey(...input);
    },
  });
}

/** Half of a frame: what the page has to do waits no longer than this for the proof. */
const sliceMilliseconds = 8;

/**
 * Tries all counters on the page's own thread, in slices between which the page has its turn.
 * @param clock returns milliseconds
 * @param giveWay comes back once the page had its turn
 */
export function solveInPlace(
  challenge: Challenge,
  onTries: (tries: number) => void,
  controller: AbortController,
  clock = () => performance.now(),
  giveWay = nextTask,
): Promise<Solution | null> {
  let sliceEndsAt = clock() + sliceMilliseconds;
  return solve({ challenge, counterStart: 0, counterStep: 1 }, onTries, controller, async () => {
    if (clock() < sliceEndsAt) return;
    await giveWay();
    sliceEndsAt = clock() + sliceMilliseconds;
  });
}

/** By a message, which comes after whatever waits already, and which no browser delays in a hidden tab, as it does timers. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
