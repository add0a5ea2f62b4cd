import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import { SessionError } from '../errors.ts';
import type { ProofContext } from '../makeProof.ts';
import { solveInPlace } from './solve.ts';
import { solveInWorkers } from './workers.ts';

type WorkChallenge = Extract<ChallengeResponse, { proof: 'proof-of-work' }>;

/** What the sign-up may take on its way: a proof that expires sooner would come too late. */
const waySeconds = 5;

/**
 * Solves a challenge, and gives up when it expires.
 * @param askedAt when it was asked for, in milliseconds since the epoch
 * @param createWorker makes a worker that runs `solver.ts`
 * @returns the proof, as altcha-lib's `verifySolution` takes it: base64 of the JSON of challenge and solution;
 *   undefined when the challenge expired
 * @throws SessionError `proof_failed`
 */
export async function work(
  { challenge, max_tries, expires_in }: WorkChallenge,
  askedAt: number,
  report: ProofContext['report'],
  createWorker: () => Worker,
): Promise<string | undefined> {
  // Secure contexts alone have it (Web Cryptography API).
  if (!crypto.subtle) {
    throw new SessionError('Proof of work needs https, or localhost', { code: 'proof_failed' });
  }
  const goodUntil = askedAt + (expires_in - waySeconds) * 1000;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(0, goodUntil - Date.now()));
  let most = 0;
  // What the page works out itself begins again where workers failed; it is told once it gets farther.
  const onTries = (tries: number) => {
    if (tries <= most) return;
    most = tries;
    report({ fraction: Math.min(1, tries / max_tries) });
  };
  try {
    const inWorkers =
      typeof Worker === 'undefined'
        ? undefined
        : await solveInWorkers(challenge, onTries, controller.signal, createWorker);
    const solution = inWorkers === undefined ? await solveInPlace(challenge, onTries, controller) : inWorkers;
    // Besides the timer: on a machine that slept it fires too late.
    return solution && Date.now() < goodUntil ? btoa(JSON.stringify({ challenge, solution })) : undefined;
  } finally {
    clearTimeout(timer);
  }
}
