import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2';
import type { Challenge, Payload, Solution } from 'altcha-lib/types';
import type { ProofOfWork } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { UsedProofs } from '../store/usedProofs.ts';
import { type ProofMethod, readProof } from './proofMethod.ts';

/** Identity's three tries, 5 s each, and the pauses between them. */
const triesSeconds = 20;

/** Two functions' clocks may differ by this much. */
const clockSkewSeconds = 60;

/** How long the metadata repeat a difficulty before they ask Redis again. */
const describedMilliseconds = 10_000;

export interface ProofOfWorkOptions {
  settings: Readonly<Required<ProofOfWork>>;
  /** The key that signs challenges, and the one that signs their solutions. */
  proofSecret(of: 'challenge' | 'solution'): Promise<string>;
  usedProofs: UsedProofs;
  /** Milliseconds since the epoch. (altcha-lib also refuses expired challenges by the system's clock.) */
  now(): number;
}

/**
 * Proof of work by ALTCHA (version 2, deterministic mode). The server draws a counter and puts the first half of the key
 * derived from it into the signed challenge; a solver tries counters until its key starts with that half. Only the right
 * counter gives the other half, whose signature is in the challenge too, so verification takes two HMACs and no derivation.
 *
 * The difficulty follows the proofs that were used, not the challenges that were requested: raising it takes work.
 */
export function createProofOfWork({
  settings,
  proofSecret,
  usedProofs,
  now,
}: ProofOfWorkOptions): ProofMethod {
  let described: { difficulty: Promise<number | undefined>; at: number } | undefined;
  const currentDifficulty = async () => difficultyAt(await usedProofs.load(), settings);
  const nowSeconds = () => Math.floor(now() / 1000);
  const secrets = async () => ({
    hmacSignatureSecret: await proofSecret('challenge'),
    hmacKeySignatureSecret: await proofSecret('solution'),
  });

  return {
    async challenge() {
      const { counter, maxTries } = drawCounter(await currentDifficulty());
      const { ttlSeconds } = settings;
      const { parameters, signature } = await createChallenge({
        ...(await secrets()),
        algorithm,
        cost,
        keyLength,
        counter,
        deriveKey,
        expiresAt: nowSeconds() + ttlSeconds + triesSeconds,
      });
      return {
        proof: 'proof-of-work',
        // Signed, since there is a secret.
        challenge: { parameters, signature: signature as string },
        max_tries: maxTries,
        expires_in: ttlSeconds,
      };
    },

    async describe() {
      const at = now();
      // A time in the future: the clock was set back.
      if (!described || described.at > at || at - described.at >= describedMilliseconds) {
        described = { difficulty: currentDifficulty().catch(() => undefined), at };
      }
      const difficulty = await described.difficulty;
      return {
        proof: 'proof-of-work',
        ...(difficulty !== undefined && { difficulty }),
        max_difficulty: settings.maxDifficulty,
      };
    },

    async verify(proof, userId) {
      const payload = readAltchaPayload(proof);
      const { expired, verified } = await verifySolution({ ...payload, ...(await secrets()), deriveKey });
      if (expired) throw new DaypassError('proof_expired');
      if (!verified) throw new DaypassError('proof_refused');
      const { signature, parameters } = payload.challenge;
      const leftSeconds = parameters.expiresAt - nowSeconds();
      // Too late for a first try, but not for a second try of a proof used in time.
      if (leftSeconds < triesSeconds) {
        if (await usedProofs.wasUsedBy(signature, userId)) return;
        throw new DaypassError('proof_expired');
      }
      if (await usedProofs.use(signature, userId, leftSeconds + clockSkewSeconds)) return;
      throw new DaypassError('proof_used');
    },
  };
}

/**
 * The tries that a proof takes on average: `difficulty` up to `baselinePerMinute`, above it in proportion to the load, at most
 * `maxDifficulty`.
 * @param load admissions in the last minute
 */
export function difficultyAt(load: number, settings: Readonly<Required<ProofOfWork>>): number {
  const { difficulty, maxDifficulty, baselinePerMinute } = settings;
  return Math.min(maxDifficulty, Math.round(difficulty * Math.max(1, load / baselinePerMinute)));
}

/**
 * Draws the counter that a solver has to find, uniformly: counting in another order, or giving up early for another
 * challenge, saves no work. It takes `difficulty` tries on average.
 */
export function drawCounter(difficulty: number): { counter: number; maxTries: number } {
  const maxTries = 2 * difficulty - 1;
  return { counter: randomBelow(maxTries), maxTries };
}

/** A uniform whole number from 0 to `bound` - 1: values beyond the last full multiple of `bound` are drawn again. */
function randomBelow(bound: number): number {
  const words = 2 ** 32;
  for (;;) {
    const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (word < words - (words % bound)) return word % bound;
  }
}

// All our challenges have these in common.
export const algorithm = 'PBKDF2/SHA-256';
/** Rounds per try. */
export const cost = 1000;
/** Bytes; a solver has to find the first half. */
export const keyLength = 32;

/** Several times the size of our proofs. */
const maxCharacters = 4096;

/** A challenge in our format; not verified. */
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
