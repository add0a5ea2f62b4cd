import type { Proof } from './proof.ts';

/** Asks for nothing: throwaway users are marked, and that is all. */
export function createNoProof(): Proof {
  return {
    challenge: async () => ({ proof: 'none' }),
    describe: async () => ({ proof: 'none' }),
    judge: async () => undefined,
  };
}
