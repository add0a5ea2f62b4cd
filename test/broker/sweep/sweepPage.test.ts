import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginList, pageAt, sweepPage } from '../../../src/broker/sweep/sweepPage.ts';
import { startOf } from '../../../src/broker/sweep/sweepRequest.ts';
import { SweepRun } from '../../../src/broker/sweep/sweepRun.ts';
import { fc } from '../../support/property.ts';
import { members, type SweepStack, startSweepStack } from './support.ts';

const count = (max: number) => fc.integer({ min: 0, max });

test('a page holds its offset, begins where it may, and no other length shows more users from there on', () => {
  fc.assert(
    fc.property(count(5000), count(2000), count(5000), (offset, further, before) => {
      const maxPerPage = further + 1;
      const from = Math.min(before, offset);
      const { page, perPage, start } = pageAt(offset, maxPerPage, from);
      expect([start, perPage <= maxPerPage, start >= from]).toEqual([(page - 1) * perPage, true, true]);
      const shown = Array.from({ length: maxPerPage }, (_, index) => index + 1)
        .filter((each) => offset - (offset % each) >= from)
        .map((each) => each - (offset % each));
      expect(start + perPage - offset).toBe(Math.max(...shown));
    }),
  );
});

let stack: SweepStack;
beforeEach(async () => {
  stack = await startSweepStack();
});
afterEach(() => stack.close());

test('pages grow while they are quick, up to a bound, and shrink to what is done within the second', async () => {
  let milliseconds = 0;
  let pageMilliseconds = 10;
  stack.onRequest(() => {
    milliseconds += pageMilliseconds;
    return undefined;
  });
  stack.plant(members(300).map((user) => ({ ...user, userMetadata: { full_name: '@visitor.invalid' } })));
  const broker = { ...stack.broker, steadyNow: () => milliseconds };
  const run = new SweepRun(broker, { budgetSeconds: 1000 }, stack.log);
  const list = beginList(startOf(''), 100);
  const sizes: number[] = [];
  for (pageMilliseconds of [10, 10, 350, 7000, 700_000, 700, 10]) {
    await sweepPage(run, list);
    sizes.push(list.perPage);
  }
  expect(sizes).toEqual([32, 100, 100, 10, 1, 1, 4]);
  expect(stack.lists).toHaveLength(7);
});
