import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { interleave } from '../../bench/support/interleave.ts';
import { describeRow, isReached } from '../../bench/support/report.ts';
import { exact, ratioOf, spreadOf } from '../../bench/support/spread.ts';

// What prints the figures: the figures themselves are no test's.

const root = join(import.meta.dirname, '..', '..');

function runBench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['bench/run.ts', ...args], { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: Number(error?.code ?? 0), stdout, stderr });
    });
  });
}

describe('npm run bench', () => {
  test('refuses a name that it does not know, with the list of those that it does', async () => {
    const { code, stderr, stdout } = await runBench('redis-trips', 'gate-cpy');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/no bench gate-cpy\.\n.* of: .*gate-cpu, .*redis-trips/);
  });

  test('refuses an option that it does not know', async () => {
    expect(await runBench('--fast')).toMatchObject({ code: 1, stdout: '' });
  });

  test('prints machine, versions and rows for a program to read', async () => {
    const { code, stdout } = await runBench('redis-trips', '--json');
    const { head, benches } = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(head).toMatchObject({ node: process.versions.node, machine: expect.stringContaining('cores') });
    expect(benches).toMatchObject([{ name: 'redis-trips', question: expect.stringContaining('?') }]);
    const [row] = benches[0].rows;
    expect(row).toMatchObject({ figure: { median: expect.any(Number) }, toReach: { atMost: 0.3 } });
    expect(row.reached).toBe(row.figure.median <= 0.3);
  });
});

test('a spread is the median and the quartiles between which the middle half lies', () => {
  expect(spreadOf([9, 1, 5, 3, 7])).toEqual({ median: 5, low: 3, high: 7 });
  expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, low: 1.75, high: 3.25 });
  expect(exact(4)).toEqual({ median: 4, low: 4, high: 4 });
});

test('what was not measured is no figure', () => {
  expect(() => spreadOf([])).toThrow('no round');
  expect(() => spreadOf([1, Number.NaN])).toThrow('Not measured');
  expect(() => ratioOf([1, 2], [1])).toThrow('same number of rounds');
});

test('a ratio compares each round with itself: a slow spell of the machine cancels out', () => {
  expect(ratioOf([2, 20, 2], [1, 10, 1])).toEqual({ median: 2, low: 2, high: 2 });
});

test('sides take turns, in changing order, and what warms them up is not kept', async () => {
  const order: string[] = [];
  let count = 0;
  const side = (name: string) => () => {
    order.push(name);
    count += 1;
    return count;
  };
  const figures = await interleave(2, { ours: side('ours'), theirs: side('theirs') });
  expect(order).toEqual(['theirs', 'ours', 'ours', 'theirs', 'theirs', 'ours']);
  expect(figures).toEqual({ ours: [3, 6], theirs: [4, 5] });
});

test('a row says whether its median reached the target', () => {
  const row = { what: 'CPU', baseline: 'a proxy', figure: spreadOf([1.4, 1.5, 1.7]), unit: '×' };
  expect(isReached(row)).toBeUndefined();
  expect(isReached({ ...row, toReach: { atMost: 1.5 } })).toBe(true);
  expect(isReached({ ...row, toReach: { atMost: 1.4 } })).toBe(false);
  expect(isReached({ ...row, toReach: { atLeast: 1.6 } })).toBe(false);
  expect(describeRow({ ...row, toReach: { atMost: 1.4 }, note: '3 ms against 2 ms' })).toMatch(
    /^ {2}CPU +a proxy +1\.5 \(1\.45 to 1\.6\) × +≤ 1\.4 +no\n +3 ms against 2 ms$/,
  );
});
