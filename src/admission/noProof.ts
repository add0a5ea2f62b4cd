import type { ProofScheme } from './proofScheme.ts';

/** Asks for nothing: throwaway users are marked, and that is all. */
export function createNoProof(): ProofScheme {
  return {
    challenge: async () => ({ proof: 'none' }),
    describe: async () => ({ proof: 'none' }),
    judge: async () => undefined,
  };
}
