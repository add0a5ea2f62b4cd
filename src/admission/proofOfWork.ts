import { createChallenge, verifySolution } from 'altcha-lib';
import { deriveKey } from 'altcha-lib/algorithms/web/pbkdf2';
import type { ProofOfWork } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import type { UsedProofs } from '../store/usedProofs.ts';
import { algorithm, cost, keyLength, readAltchaPayload } from './altchaPayload.ts';
import { difficultyAt, drawCounter } from './difficulty.ts';
import type { ProofMethod } from './proofMethod.ts';

/** The three tries of Identity, 5 s each, and what lies between them. */
const triesSeconds = 20;

/** Two functions may differ by this in what time it is. */
const clockSkewSeconds = 60;

/** How long the metadata repeat a difficulty before they ask Redis again. */
const tellMilliseconds = 10_000;

export interface ProofOfWorkOptions {
  settings: Readonly<Required<ProofOfWork>>;
  /** The key that signs challenges, and the one that signs their solutions. */
  proofSecret(of: 'challenge' | 'solution'): Promise<string>;
  usedProofs: UsedProofs;
}

/**
 * Proof of work by ALTCHA (version 2, deterministic mode): a counter is drawn, the first half of the key that it gives
 * stands in the signed challenge, and a solver tries counters until its key begins so. The other half it can only know
 * from the right counter; its signature is in the challenge too, so verifying costs two HMACs and derives nothing.
 *
 * Proofs count when they are used, not when they are asked for: whoever wants to make it harder for the others has to
 * work for it.
 */
export function createProofOfWork({ settings, proofSecret, usedProofs }: ProofOfWorkOptions): ProofMethod {
  let told: { difficulty: Promise<number | undefined>; at: number } | undefined;
  const presentDifficulty = async () => difficultyAt(await usedProofs.load(), settings);
  const secrets = async () => ({
    hmacSignatureSecret: await proofSecret('challenge'),
    hmacKeySignatureSecret: await proofSecret('solution'),
  });

  return {
    async challenge() {
      const { counter, maxTries } = drawCounter(await presentDifficulty());
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
      const now = Date.now();
      // One of the future was told before the clock was set back.
      if (!told || told.at > now || now - told.at >= tellMilliseconds) {
        told = { difficulty: presentDifficulty().catch(() => undefined), at: now };
      }
      const difficulty = await told.difficulty;
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
      // Too late for a first try, not for a second one of what was admitted in time.
      if (leftSeconds < triesSeconds) {
        if (await usedProofs.wasUsedBy(signature, userId)) return;
        throw new DaypassError('proof_expired');
      }
      if (await usedProofs.use(signature, userId, leftSeconds + clockSkewSeconds)) return;
      throw new DaypassError('proof_used');
    },
  };
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
