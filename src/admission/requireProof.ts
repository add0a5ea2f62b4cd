import { DaypassError } from '../protocol/error.ts';

/**
 * A proof that may be looked at: a text of visible ASCII that is not too long. Anybody writes it.
 * @throws {DaypassError} `proof_missing`, `proof_malformed`
 */
export function requireProof(proof: unknown, mostCharacters: number): string {
  if (proof === undefined || proof === null || proof === '') throw new DaypassError('proof_missing');
  if (typeof proof !== 'string' || proof.length > mostCharacters || !/^[\x21-\x7e]+$/.test(proof)) {
    throw new DaypassError('proof_malformed');
  }
  return proof;
}
