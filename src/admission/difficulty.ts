import type { ProofOfWork } from '../policy/types.ts';

/**
 * The units that a proof takes on average at this load: `difficulty` up to `baselinePerMinute`, then in proportion to
 * the load, up to `maxDifficulty`.
 * @param load admissions in the last minute
 */
export function difficultyAt(load: number, settings: Readonly<Required<ProofOfWork>>): number {
  const { difficulty, maxDifficulty, baselinePerMinute } = settings;
  return Math.min(maxDifficulty, Math.round(difficulty * Math.max(1, load / baselinePerMinute)));
}

/**
 * Draws the counter that a solver has to find. Any of the first is as likely as the next, so that nobody who counts
 * in another order, or gives up early and asks for another challenge, works less than whoever counts from 0: `difficulty`
 * tries on average.
 */
export function drawCounter(difficulty: number): { counter: number; maxTries: number } {
  const maxTries = 2 * difficulty - 1;
  return { counter: randomBelow(maxTries), maxTries };
}

/** A whole number from 0 to `bound` - 1, each as likely as the next: what does not divide evenly is drawn again. */
function randomBelow(bound: number): number {
  const words = 2 ** 32;
  for (;;) {
    const [word = 0] = crypto.getRandomValues(new Uint32Array(1));
    if (word < words - (words % bound)) return word % bound;
  }
}
