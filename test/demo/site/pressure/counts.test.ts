import { expect, test } from 'vitest';
import { awaitCounts, type Counts, countRows, totalOf } from '../../../../demo/site/pressure/counts.ts';

const refused = { day: '2026-11-21', event: 'refused', code: 'token_malformed', route: '/api/*' } as const;
const passed = { day: '2026-11-21', event: 'passed', route: '/api/*' } as const;

test('days are summed up, and what has just come stands first', () => {
  const before: Counts = [
    { ...passed, day: '2026-11-20', count: 40 },
    { ...passed, count: 2 },
    { ...refused, count: 5 },
  ];
  const after: Counts = [
    { ...passed, day: '2026-11-20', count: 40 },
    { ...passed, count: 2 },
    { ...refused, count: 15 },
    { ...refused, route: '/api/hello', count: 1 },
    { ...refused, event: 'would_refuse', count: 3 },
  ];
  expect(countRows(after, before)).toEqual([
    { event: 'Refused', code: 'token_malformed', route: '/api/*', count: 15, added: 10 },
    { event: 'Refused', code: 'token_malformed', route: '/api/hello', count: 1, added: 1 },
    { event: 'Would have refused', code: 'token_malformed', route: '/api/*', count: 3, added: 3 },
    { event: 'Passed', code: '', route: '/api/*', count: 42, added: 0 },
  ]);
  expect(totalOf(after)).toBe(61);
});

/** Counts that grow with each question. */
function growing(totals: readonly number[]): { read: () => Promise<Counts>; asked: () => number } {
  let asked = 0;
  const read = async () => {
    const count = totals[Math.min(asked, totals.length - 1)] ?? 0;
    asked += 1;
    return [{ ...passed, count }];
  };
  return { read, asked: () => asked };
}

test('nobody is asked any more once all calls are counted', async () => {
  const { read, asked } = growing([5, 9, 15, 99]);
  const drawn: number[] = [];
  const counts = await awaitCounts(
    15,
    (each) => drawn.push(totalOf(each)),
    read,
    async () => undefined,
  );
  expect([asked(), drawn, totalOf(counts)]).toEqual([3, [5, 9, 15], 15]);
});

test('counts that never come are asked for a few times and no more', async () => {
  const { read, asked } = growing([5]);
  await awaitCounts(
    15,
    () => undefined,
    read,
    async () => undefined,
  );
  expect(asked()).toBe(8);
});
