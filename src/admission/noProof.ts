import type { ProofMethod } from './proofMethod.ts';

/** Asks for nothing: throwaway users are marked, and that is all. */
export function createNoProof(): ProofMethod {
  return {
    challenge: async () => ({ proof: 'none' }),
    describe: async () => ({ proof: 'none' }),
    verify: async () => undefined,
  };
}
