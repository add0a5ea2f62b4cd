import { toSessionError } from './errors.ts';

/** How far the proof of a sign-up is. */
export interface ProofProgress {
  /** Of the work that it takes at most: 0 to 1, and 1 once it is made. From 0 again when the challenge expired. */
  fraction: number;
  /** How long it took, once it is made. */
  milliseconds?: number;
}

/** What a proof is made from. */
export interface ProofContext {
  /** Where the broker answers, without a slash at the end. */
  brokerUrl: string;
  /** Tells the session's event `proof`. */
  report: (progress: ProofProgress) => void;
}

/**
 * Makes the proof of one sign-up; undefined when the site asks for none. Called for each sign-up anew: a proof holds
 * once. Whatever it throws fails the sign-up, with code `proof_failed` where it is no SessionError.
 */
export type Prove = (context: ProofContext) => Promise<string | undefined>;

/**
 * Has the proof of one sign-up made.
 * @returns undefined when the site asks for none, or nobody was told how to make one
 * @throws SessionError
 */
export async function makeProof(
  prove: Prove | undefined,
  context: ProofContext,
): Promise<string | undefined> {
  try {
    return await prove?.(context);
  } catch (error) {
    throw toSessionError(error, 'proof_failed');
  }
}
