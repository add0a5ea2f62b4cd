import { expect, test } from 'vitest';
import { limitConcurrency } from './call.ts';

test('no more than the limit run at once, in the order in which they came, failures included', async () => {
  const limit = limitConcurrency(2);
  const started: number[] = [];
  let running = 0;
  let most = 0;
  const tasks = [0, 1, 2, 3, 4].map((index) =>
    limit(async () => {
      started.push(index);
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      if (index === 1) throw new RangeError('one of them fails');
      return index;
    }),
  );
  const results = await Promise.allSettled(tasks);
  expect(results.map((result) => result.status === 'fulfilled')).toEqual([true, false, true, true, true]);
  expect(started).toEqual([0, 1, 2, 3, 4]);
  expect(most).toBe(2);
});
