import type { CheckedAdmission } from '../policy/types.ts';
import type { Proofs } from '../store/proofs.ts';
import { createNoProof } from './noProof.ts';
import type { Proof } from './proof.ts';
import { createProofOfWork, type ProofOfWorkOptions } from './proofOfWork.ts';
import { createTurnstile } from './turnstile.ts';

export interface ProofParts {
  proofSecret: ProofOfWorkOptions['proofSecret'];
  proofs: Proofs;
  /** There where the policy asks for `turnstile`. */
  turnstileSecretKey: string | undefined;
}

/** The proof that the policy asks for. */
export function createProof(admission: CheckedAdmission, parts: ProofParts): Proof {
  const { proof, proofOfWork: settings, turnstile } = admission;
  if (proof === 'proof-of-work') return createProofOfWork({ settings, ...parts });
  if (proof === 'turnstile') {
    return createTurnstile({ siteKey: turnstile?.siteKey ?? '', secretKey: parts.turnstileSecretKey ?? '' });
  }
  return createNoProof();
}
