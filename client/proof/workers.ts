import type { Challenge, Solution } from 'altcha-lib/types';
import { SessionError } from '../errors.ts';
import type { Task } from './solve.ts';
import type { SolverMessage } from './solver.ts';

const mostWorkers = 4;

/**
 * Solves a challenge in workers that share its counters. An attacker uses every core there is; a visitor who used one
 * would only wait longer for the same work. One core is left to the page.
 * @returns null once the signal aborts
 * @throws SessionError `proof_failed`
 */
export async function solveInWorkers(
  challenge: Challenge,
  onTries: (tries: number) => void,
  signal: AbortSignal,
): Promise<Solution | null> {
  const count = Math.max(1, Math.min(mostWorkers, (navigator.hardwareConcurrency || 1) - 1));
  const workers: Worker[] = [];
  try {
    return await new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => resolve(null));
      const fail = (reason: string) => reject(new SessionError(reason, { code: 'proof_failed' }));
      for (let index = 0; index < count; index += 1) {
        // Written so that bundlers find the worker.
        const worker = new Worker(new URL('./solver.js', import.meta.url), { type: 'module' });
        workers.push(worker);
        worker.onmessage = ({ data }: MessageEvent<SolverMessage>) => {
          if ('solution' in data) resolve(data.solution);
          else if ('error' in data) fail(data.error);
          // All are about as fast; the first speaks for them.
          else if (index === 0) onTries(data.tries * count);
        };
        // Without a message it was not found, or the page's Content-Security-Policy forbids it.
        worker.onerror = ({ message }) =>
          fail(message || 'The solver could not be loaded from beside this module');
        worker.postMessage({ challenge, counterStart: index, counterStep: count } satisfies Task);
      }
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}
