import type { CheckedAdmission } from '../policy/types.ts';
import { ConfigurationError } from '../protocol/error.ts';
import type { ProofMethod } from './proofMethod.ts';
import { createProofOfWork, type ProofOfWorkOptions } from './proofOfWork.ts';
import { createTurnstile } from './turnstile.ts';

export interface ProofMethodParts extends Omit<ProofOfWorkOptions, 'settings'> {
  /** Set if the policy requires `turnstile`. */
  turnstileSecretKey: string | undefined;
}

/**
 * Creates the proof method that the policy requires.
 * @throws {ConfigurationError} a TypeError: the proof is `turnstile`, and one of its keys is missing
 */
export function createProofMethod(admission: CheckedAdmission, parts: ProofMethodParts): ProofMethod {
  const { proof, proofOfWork: settings, turnstile } = admission;
  if (proof === 'proof-of-work') return createProofOfWork({ settings, ...parts });
  if (proof === 'turnstile')
    return createTurnstile(turnstileKeys(turnstile?.siteKey, parts.turnstileSecretKey));
  return noProof;
}

/** Throwaway users are only marked. */
export const noProof: ProofMethod = {
  challenge: async () => ({ proof: 'none' }),
  describe: async () => ({ proof: 'none' }),
  verify: async () => undefined,
};

function turnstileKeys(siteKey: string | undefined, secretKey: string | undefined) {
  if (siteKey && secretKey) return { siteKey, secretKey };
  const missing = siteKey ? 'TURNSTILE_SECRET_KEY' : 'admission.turnstile.siteKey';
  throw new ConfigurationError([`${missing} is missing: copy it from Cloudflare's dashboard.`]);
}
