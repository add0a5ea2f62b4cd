import type { CheckedAdmission } from '../policy/types.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { UsedProofs } from '../store/usedProofs.ts';
import { createNoProof } from './noProof.ts';
import type { ProofMethod } from './proofMethod.ts';
import { createProofOfWork, type ProofOfWorkOptions } from './proofOfWork.ts';
import { createTurnstile } from './turnstile.ts';

export interface ProofMethodParts {
  proofSecret: ProofOfWorkOptions['proofSecret'];
  usedProofs: UsedProofs;
  /** There where the policy asks for `turnstile`. */
  turnstileSecretKey: string | undefined;
}

/**
 * The proof that the policy asks for.
 * @throws {ConfigurationError} a TypeError: the proof is `turnstile`, and one of its keys is not there
 */
export function createProofMethod(admission: CheckedAdmission, parts: ProofMethodParts): ProofMethod {
  const { proof, proofOfWork: settings, turnstile } = admission;
  if (proof === 'proof-of-work') return createProofOfWork({ settings, ...parts });
  if (proof === 'turnstile')
    return createTurnstile(turnstileKeys(turnstile?.siteKey, parts.turnstileSecretKey));
  return createNoProof();
}

function turnstileKeys(siteKey: string | undefined, secretKey: string | undefined) {
  if (siteKey && secretKey) return { siteKey, secretKey };
  const missing = siteKey ? 'TURNSTILE_SECRET_KEY' : 'admission.turnstile.siteKey';
  throw new ConfigurationError([`${missing} is missing: copy it from Cloudflare's dashboard.`]);
}
