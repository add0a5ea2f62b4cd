import type { Challenge, Solution } from 'altcha-lib/types';
import type { ChallengeResponse } from '../../src/protocol/messages.ts';
import type { ProofContext } from '../makeProof.ts';
import { solve } from './solve.ts';
import { solveInWorkers } from './workers.ts';

type WorkChallenge = Extract<ChallengeResponse, { proof: 'proof-of-work' }>;

/** What the sign-up may take on its way: a proof that expires sooner would come too late. */
const waySeconds = 5;

/**
 * Solves a challenge, and gives up when it expires.
 * @param askedAt when it was asked for, in milliseconds since the epoch
 * @returns the proof, as altcha-lib's `verifySolution` takes it: base64 of the JSON of challenge and solution;
 *   undefined when the challenge expired
 * @throws SessionError `proof_failed`
 */
export async function work(
  { challenge, most_tries, expires_in }: WorkChallenge,
  askedAt: number,
  report: ProofContext['report'],
): Promise<string | undefined> {
  const goodUntil = askedAt + (expires_in - waySeconds) * 1000;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), Math.max(0, goodUntil - Date.now()));
  try {
    const solution = await search(
      challenge,
      (tries) => report({ fraction: Math.min(1, tries / most_tries) }),
      controller,
    );
    // Besides the timer: on a machine that slept it fires too late.
    return solution && Date.now() < goodUntil ? btoa(JSON.stringify({ challenge, solution })) : undefined;
  } finally {
    clearTimeout(timer);
  }
}

function search(
  challenge: Challenge,
  onTries: (tries: number) => void,
  controller: AbortController,
): Promise<Solution | null> {
  return typeof Worker === 'undefined'
    ? solve({ challenge, counterStart: 0, counterStep: 1 }, onTries, controller)
    : solveInWorkers(challenge, onTries, controller.signal);
}
