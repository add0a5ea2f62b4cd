import type { Challenge, Solution } from 'altcha-lib/types';
import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { fetchBroker } from '../broker.ts';
import { SessionError } from '../errors.ts';
import type { ProofContext, Prove } from '../options.ts';
import { solveInPlace, type Task } from './solve.ts';
import type { SolverMessage } from './solver.ts';
import { trustedTypesRemedy } from './trustedTypes.ts';
import { requestTurnstileToken } from './turnstile.ts';

/**
 * Makes a `prove`.
 * @param createWorker makes a worker that runs `solver.ts`, where the page finds it; what it throws is a reason to do
 *   without
 */
export function createProve(createWorker: () => Worker): Prove {
  async function make({ brokerUrl, report }: ProofContext, isLast: boolean): Promise<string | undefined> {
    // The clock is read before the request: what the way takes can only make the challenge seem older than it is.
    const requestedAt = Date.now();
    const url = `${brokerUrl}/challenge`;
    const challenge: ChallengeResponse = await fetchBroker(url);
    if (challenge.proof === 'none') return undefined;
    if (challenge.proof === 'turnstile') return requestTurnstileToken(challenge.site_key);
    if (challenge.proof !== 'proof-of-work') {
      throw new SessionError('Not the broker', {
        code: 'broker_not_found',
        status: 200,
        url,
      });
    }

    report({ fraction: 0 });
    const proof = await work(challenge, requestedAt, report, createWorker);
    if (proof || !isLast) return proof ?? make({ brokerUrl, report }, true);
    throw new SessionError('The challenge expired before it was solved', { code: 'proof_expired' });
  }

  return async (context) => {
    const startedAt = performance.now();
    const proof = await make(context, false);
    if (proof) context.report({ fraction: 1, milliseconds: Math.round(performance.now() - startedAt) });
    return proof;
  };
}

type WorkChallenge = Extract<ChallengeResponse, { proof: 'proof-of-work' }>;

/** What the sign-up may take on its way: a proof that expires sooner would come too late. */
const waySeconds = 5;

/**
 * Solves a challenge, and gives up when it expires.
 * @param requestedAt when it was requested, in milliseconds since the epoch
 * @param createWorker makes a worker that runs `solver.ts`
 * @returns the proof, as altcha-lib's `verifySolution` takes it: base64 of the JSON of challenge and solution;
 *   undefined when the challenge expired
 * @throws SessionError `proof_failed`
 */
export async function work(
  { challenge, max_tries, expires_in }: WorkChallenge,
  requestedAt: number,
  report: ProofContext['report'],
  createWorker: () => Worker,
): Promise<string | undefined> {
  // Only secure contexts have it (Web Cryptography API).
  if (!crypto.subtle) {
    throw new SessionError('Proof of work needs https, or localhost', { code: 'proof_failed' });
  }
  const goodUntil = requestedAt + (expires_in - waySeconds) * 1000;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(0, goodUntil - Date.now()));
  let reportedTries = 0;
  // Where workers failed, the page begins again from zero; report only what exceeds the last report.
  const onTries = (tries: number) => {
    if (tries <= reportedTries) return;
    reportedTries = tries;
    report({ fraction: Math.min(1, tries / max_tries) });
  };
  try {
    const inWorkers =
      typeof Worker === 'undefined'
        ? undefined
        : await solveInWorkers(challenge, onTries, controller.signal, createWorker);
    const solution = inWorkers === undefined ? await solveInPlace(challenge, onTries, controller) : inWorkers;
    // Checked in addition to the timer, which fires too late on a machine that slept.
    return solution && Date.now() < goodUntil ? btoa(JSON.stringify({ challenge, solution })) : undefined;
  } finally {
    clearTimeout(timer);
  }
}

const maxWorkers = 4;

/** A solver reports progress ten times a second. One that is silent for this long did not load, or died. */
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
  const count = Math.max(1, Math.min(maxWorkers, (navigator.hardwareConcurrency || 1) - 1));
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
