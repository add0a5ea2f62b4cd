import type { Challenge, Solution } from 'altcha-lib/types';
import { SessionError } from '../errors.ts';
import type { Task } from './solve.ts';
import type { SolverMessage } from './solver.ts';
import { trustedTypesRemedy } from './trustedTypes.ts';

const mostWorkers = 4;

/** A solver tells ten times a second how far it is. One that is silent for so long was not loaded, or has died. */
const silenceSeconds = 10;

/**
 * Solves a challenge in workers that share its counters. An attacker uses every core there is; a visitor who used one
 * would only wait longer for the same work. One core is left to the page.
 * @param createWorker makes one that runs `solver.ts`
 * @returns null once the signal aborts; undefined, with a warning, where no worker can be had: the browser or the page's
 *   policy forbids them, their file is missing, or they do not answer
 * @throws SessionError `proof_failed` for a challenge that they cannot solve
 */
export async function solveInWorkers(
  challenge: Challenge,
  onTries: (tries: number) => void,
  signal: AbortSignal,
  createWorker: () => Worker,
): Promise<Solution | null | undefined> {
  const count = Math.max(1, Math.min(mostWorkers, (navigator.hardwareConcurrency || 1) - 1));
  const workers: Worker[] = [];
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const doWithout = (reason: string) => {
        const remedy = /Trusted/.test(reason) ? `. ${trustedTypesRemedy}` : '';
        console.warn(`Daypass: no worker for the proof, so the page works it out: ${reason}${remedy}`);
        resolve(undefined);
      };
      const listen = () => {
        clearTimeout(silence);
        silence = setTimeout(() => doWithout('the solver does not answer'), silenceSeconds * 1000);
      };
      signal.addEventListener('abort', () => resolve(null));
      listen();
      try {
        for (let index = 0; index < count; index += 1) {
          const worker = createWorker();
          workers.push(worker);
          worker.onmessage = ({ data }: MessageEvent<SolverMessage>) => {
            listen();
            if ('solution' in data) resolve(data.solution);
            else if ('error' in data) reject(new SessionError(data.error, { code: 'proof_failed' }));
            // All are about as fast; the first speaks for them.
            else if (index === 0) onTries(data.tries * count);
          };
          // Without a message it was not found, or the page's Content-Security-Policy forbids it.
          worker.onerror = ({ message }) => doWithout(message || 'the solver could not be loaded');
          worker.postMessage({ challenge, counterStart: index, counterStep: count } satisfies Task);
        }
      } catch (error) {
        doWithout(`${(error as Error).message}`);
      }
    });
  } finally {
    clearTimeout(silence);
    for (const worker of workers) worker.terminate();
  }
}
