import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { describeWith } from '../support/optional.ts';

// Who comes first is chance, and so is how long it takes; how many get a token is neither.

const wide = { limit: 100_000, windowSeconds: 60 };

/** How often each outcome came, once all have come. */
async function outcomes(calls: Promise<Response>[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const answer of await Promise.all(calls)) {
    const word = await outcome(answer);
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}

describeWith('redis-server')('exchanges at once, over a real Redis', () => {
  let stack: BrokerStack;
  beforeAll(async () => {
    stack = await startBrokerStack({
      policy: { limits: { exchange: wide, site: wide } },
      redisBackend: 'redis-server',
    });
    // That this machine is slow for so many must not be what refuses them.
    stack.broker.identityBudgetMilliseconds = 60_000;
  });
  afterAll(() => stack.close());

  test('100 of one Identity token: one access token', async () => {
    const token = await stack.identityToken();
    const counts = await outcomes(Array.from({ length: 100 }, async () => stack.exchange(token)));
    // Who asks Identity after the winner's DELETE learns that the user is gone; the others find it reserved.
    const { '400 already_exchanged': taken = 0, '400 subject_token_user_gone': gone = 0, ...others } = counts;
    expect({ ...others, refused: taken + gone }).toEqual({ 200: 1, refused: 99 });
  });

  test('20 Identity tokens of one user: one access token', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `${crypto.randomUUID()}@visitor.invalid`;
      const first = await stack.identityToken(email);
      const others = await Promise.all(Array.from({ length: 19 }, () => stack.logIn(email)));
      const counts = await outcomes([first, ...others].map(async (token) => stack.exchange(token)));
      const { 200: minted, ...refused } = counts;
      expect(minted).toBe(1);
      expect(Object.keys(refused).filter((word) => !word.startsWith('400 '))).toEqual([]);
    }
  });
});
