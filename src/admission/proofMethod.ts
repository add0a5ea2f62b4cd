import { DaypassError } from '../protocol/error.ts';
import type { ChallengeResponse } from '../protocol/messages.ts';

/** How the sign-up of a throwaway user is made to cost something: one for each value of `admission.proof`. */
export interface ProofMethod {
  /**
   * What a page makes its proof from.
   * @throws {DaypassError} `store_unavailable`
   */
  challenge(): Promise<ChallengeResponse>;
  /** Describes the method in the broker's metadata. Never throws. */
  describe(): Promise<Record<string, unknown>>;
  /**
   * Verifies the proof of a sign-up; returns if it is valid. A proof is bound to one user; retries get the same answer,
   * since Identity calls the event function up to three times per sign-up.
   * @param proof the value of `user_metadata.daypass_proof`, unchecked
   * @param userId the new user
   * @throws {DaypassError} `proof_missing`, `proof_malformed`, `proof_expired`, `proof_refused`, `proof_used`; if it cannot be
   * verified now, `store_unavailable` or `turnstile_unavailable`
   */
  verify(proof: unknown, userId: string): Promise<void>;
}

/** Throwaway users are only marked. */
export const noProof: ProofMethod = {
  challenge: async () => ({ proof: 'none' }),
  describe: async () => ({ proof: 'none' }),
  verify: async () => undefined,
};

/**
 * Reads a proof, which is untrusted input: visible ASCII, not too long.
 * @throws {DaypassError} `proof_missing`, `proof_malformed`
 */
export function readProof(proof: unknown, maxCharacters: number): string {
  if (proof === undefined || proof === null || proof === '') throw new DaypassError('proof_missing');
  if (typeof proof !== 'string' || proof.length > maxCharacters || !/^[\x21-\x7e]+$/.test(proof)) {
    throw new DaypassError('proof_malformed');
  }
  return proof;
}
