import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2';
import type { ChallengeResponse } from '../../../src/protocol/messages.ts';

type WorkChallenge = Extract<ChallengeResponse, { proof: 'proof-of-work' }>;

const hmacSignatureSecret = 'the secret of the challenges of these tests';

interface Options {
  /** The counter that solves it: tries needed, less one. Default 3. */
  counter?: number;
  /** Rounds of one try. Default 1. */
  cost?: number;
  /** Default 300. */
  expiresInSeconds?: number;
}

/** A challenge as the broker gives it, of which no try but the last succeeds. */
export async function createWork({ counter = 3, cost = 1, expiresInSeconds = 300 }: Options = {}) {
  const challenge = await createChallenge({
    algorithm: 'PBKDF2/SHA-256',
    cost,
    counter,
    deriveKey,
    expiresAt: Math.floor(Date.now() / 1000) + 300,
    hmacSignatureSecret,
  });
  return {
    proof: 'proof-of-work',
    challenge: challenge as typeof challenge & WorkChallenge['challenge'],
    max_tries: counter + 1,
    expires_in: expiresInSeconds,
  } satisfies WorkChallenge;
}

/** Reads a proof as altcha-lib does: its challenge, and whether its solution holds. */
export async function readProof(proof: string | undefined) {
  const { challenge, solution } = JSON.parse(atob(proof ?? ''));
  const { verified } = await verifySolution({ challenge, solution, deriveKey, hmacSignatureSecret });
  return { challenge, verified };
}
