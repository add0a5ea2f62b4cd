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
 * @param onTries told some ten times a second how many were tried
 * @returns null once the controller aborts
 * @throws Error for a challenge that nobody can solve here
 */
export function solve(
  task: Task,
  onTries: (tries: number) => void,
  controller = new AbortController(),
): Promise<Solution | null> {
  let tries = 0;
  let toldAt = performance.now();
  return solveChallenge({
    ...task,
    controller,
    // It has one of its own, of 90 s; who knows when the challenge expires aborts.
    timeout: 0,
    deriveKey(...input) {
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
