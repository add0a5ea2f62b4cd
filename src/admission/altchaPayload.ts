import type { Challenge, Payload, Solution } from 'altcha-lib/types';
import { DaypassError } from '../protocol/error.ts';
import { readProof } from './proofMethod.ts';

// All our challenges have these in common.
export const algorithm = 'PBKDF2/SHA-256';
/** Rounds per try. */
export const cost = 1000;
/** Bytes; a solver has to find the first half. */
export const keyLength = 32;

/** Several times the size of our proofs. */
const maxCharacters = 4096;

/** A challenge with the shape of ours; not verified. */
export interface SignedChallenge {
  parameters: Challenge['parameters'] & { expiresAt: number; keySignature: string };
  /** HMAC of the parameters; identifies the challenge. */
  signature: string;
}

/**
 * Reads a proof of work: base64 of the JSON of `{ challenge, solution }`, the format of ALTCHA's widget and altcha-lib.
 * Refuses every shape but that of our challenges and drops unknown members; the result is not verified.
 * @throws {DaypassError} `proof_missing`, `proof_malformed`
 */
export function readAltchaPayload(proof: unknown): { challenge: SignedChallenge; solution: Solution } {
  const { challenge, solution } = asRecord(parse(readProof(proof, maxCharacters)));
  const { parameters, signature } = asRecord(challenge);
  const { nonce, salt, keyPrefix, keySignature, expiresAt, ...rest } = asRecord(parameters);
  const { counter, derivedKey } = asRecord(solution);
  if (rest.algorithm !== algorithm || rest.cost !== cost || rest.keyLength !== keyLength) throw malformed();
  return {
    challenge: {
      parameters: {
        algorithm,
        cost,
        keyLength,
        nonce: asHex(nonce, 16),
        salt: asHex(salt, 16),
        keyPrefix: asHex(keyPrefix, keyLength / 2),
        keySignature: asHex(keySignature, 32),
        expiresAt: asWholeNumber(expiresAt),
      },
      signature: asHex(signature, 32),
    },
    solution: { counter: asWholeNumber(counter), derivedKey: asHex(derivedKey, keyLength) },
  } satisfies Payload;
}

function parse(proof: string): unknown {
  try {
    return JSON.parse(atob(proof));
  } catch {
    throw malformed();
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw malformed();
  return value as Record<string, unknown>;
}

function asHex(value: unknown, bytes: number): string {
  if (typeof value !== 'string' || value.length !== bytes * 2 || !/^[0-9a-f]+$/.test(value))
    throw malformed();
  return value;
}

function asWholeNumber(value: unknown): number {
  if (!Number.isInteger(value) || (value as number) < 0 || (value as number) >= 2 ** 32) throw malformed();
  return value as number;
}

function malformed(): DaypassError {
  return new DaypassError('proof_malformed');
}
