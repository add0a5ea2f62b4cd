import { solveChallenge as solve } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2';
import type { ChallengeResponse } from '../../src/protocol/messages.ts';

/** What a page does with a challenge of work. */
export async function solveChallenge(given: ChallengeResponse) {
  if (given.proof !== 'proof-of-work') throw new TypeError(`A challenge of ${given.proof} takes no work.`);
  const { challenge } = given;
  const solution = await solve({ challenge, deriveKey });
  if (!solution) throw new Error('No solution was found in 90 s.');
  return { challenge, solution, proof: encodePayload({ challenge, solution }) };
}

/** A proof as ALTCHA writes it. */
export function encodePayload(payload: unknown): string {
  return btoa(JSON.stringify(payload));
}
