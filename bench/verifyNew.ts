import type { Bench, Row } from './support/bench.ts';
import { interleave } from './support/interleave.ts';
import { against } from './support/report.ts';
import { ratioOf } from './support/spread.ts';
import { costOf, createVerifiers, mintTokens } from './verify/verifiers.ts';

/** By the time that one comes round again, those behind it have pushed it out of the 1024 that are remembered. */
const tokenCount = 4096;

/** `createVerifier` with its defaults: parsed, signature checked, claims checked, remembered. */
export const bench: Bench = {
  question: 'What does it cost to verify a token that was never seen?',
  async run({ isQuick }) {
    const { ours, jose, fastJwt, jsonWebToken, hono, versions } = await createVerifiers();
    const tokens = await mintTokens(tokenCount);
    const rounds = await interleave(isQuick ? 9 : 61, {
      ours: costOf(ours, tokens),
      jose: costOf(jose, tokens),
      fastJwt: costOf(fastJwt, tokens),
      jsonWebToken: costOf(jsonWebToken, tokens),
      hono: costOf(hono, tokens),
    });
    const rowOf = (baseline: string, others: readonly number[]): Row => ({
      what: 'createVerifier, a new token',
      baseline,
      figure: ratioOf(rounds.ours, others),
      unit: '×',
      note: against(rounds.ours, others, 'µs'),
    });
    return [
      { ...rowOf("jose's jwtVerify, key imported", rounds.jose), toReach: { atMost: 1.1 } },
      rowOf(versions.fastJwt, rounds.fastJwt),
      rowOf(versions.jsonWebToken, rounds.jsonWebToken),
      rowOf('hono/jwt', rounds.hono),
    ];
  },
};
