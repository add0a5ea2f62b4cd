import type { Bench } from './support/bench.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';
import { costOf, createVerifiers, mintTokens } from './verify/verifiers.ts';

/** As many as a busy page's visitors: all of them fit into either memory. */
const tokenCount = 200;

/** `createVerifier` with its defaults: the signature is known, the claims are checked again. */
export const bench: Bench = {
  question: 'What does it cost to verify a token that was seen before?',
  async run({ isQuick }) {
    const { ours, fastJwtCached, versions } = await createVerifiers();
    const tokens = await mintTokens(tokenCount);
    const rounds = await interleave(isQuick ? 9 : 61, {
      ours: costOf(ours, tokens),
      fastJwt: costOf(fastJwtCached, tokens),
    });
    return [
      {
        what: 'createVerifier, a token seen before',
        baseline: `${versions.fastJwt} with its cache`,
        figure: ratioOf(rounds.ours, rounds.fastJwt),
        unit: '×',
        toReach: { atMost: 1 },
        note: against(rounds.ours, rounds.fastJwt, 'µs'),
      },
    ];
  },
};
