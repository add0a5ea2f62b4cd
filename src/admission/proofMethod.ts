import type { ChallengeResponse } from '../protocol/messages.ts';

/** One way to make the sign-up of a throwaway user cost something. */
export interface ProofMethod {
  /**
   * What a sign-up makes its proof from.
   * @throws {DaypassError} `store_unavailable`
   */
  challenge(): Promise<ChallengeResponse>;
  /** What the broker's metadata tell of the proof. Never throws. */
  describe(): Promise<Record<string, unknown>>;
  /**
   * Judges the proof of a sign-up, and returns when it holds. Identity asks up to three times for one sign-up: the same
   * user gets the same answer each time, and another one none for the same proof.
   * @param proof what stands in `user_metadata.daypass_proof`, unchecked
   * @throws {DaypassError} `proof_missing`, `proof_malformed`, `proof_expired`, `proof_refused`, `proof_used`; where it
   * cannot be judged now, `store_unavailable`, `turnstile_unavailable`
   */
  verify(proof: unknown, userId: string): Promise<void>;
}
