import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

// No test says how long something may take: on a machine that is busy with other things it takes longer, and the test says
// what is not true. Clocks are handed in, order and counts are asserted; times go to `npm run abuse` and `npm run bench`.

const root = join(import.meta.dirname, '..');
const own = 'test/noDurations.test.ts';

/** Timestamps of the wire beside the wall clock, a minute or more apart from it at most: no durations. */
const wallClock = ['test/contract/support/compare.ts', 'test/contract/support/compareHeaders.ts'];

interface Rule {
  what: string;
  breach: RegExp;
  /** Files that may. */
  but?: readonly string[];
}

const typeScript: readonly Rule[] = [
  {
    what: 'a difference of times',
    breach: /(?:performance\.now|process\.hrtime\S*)\(\)\s*-|-\s*performance\.now\(\)/,
  },
  {
    what: 'a time that is compared',
    breach:
      /expect\([^;]*(?:performance\.now|Date\.now\(\) -|- Date\.now|elapsed|took|duration)[^;]*toBe(?:Less|Greater|CloseTo)/i,
    but: wallClock,
  },
  { what: 'a wait that gives up after a second: use expect.poll', breach: /\bvi\.waitFor\(/ },
  {
    what: 'a wait of its own, or a shorter one',
    breach: /\btimeout: (?:[1-9]\d{2}|[1-9]\d?_?\d{3})\b/,
  },
];
const python: readonly Rule[] = [
  { what: 'a difference of times', breach: /(?:monotonic|perf_counter|time\.time)(?:_ns)?\(\)\s*-/ },
  { what: 'a time that is compared', breach: /^\s*assert .*(?:elapsed|took|duration).*[<>]/im },
];

function breachesOf(files: readonly string[], rules: readonly Rule[]): string[] {
  return files.flatMap((file) => {
    const source = readFileSync(join(root, file), 'utf8');
    return rules.flatMap(({ what, breach, but = [] }) => {
      const at = but.includes(file) ? -1 : source.search(breach);
      return at === -1 ? [] : [`${file}:${source.slice(0, at).split('\n').length} ${what}`];
    });
  });
}

test('no test in TypeScript', () => {
  const files = globSync('test/**/*.ts', { cwd: root }).filter(
    (file) => !/\/node_modules\//.test(file) && file !== own,
  );
  expect(files.length).toBeGreaterThan(100);
  expect(breachesOf(files, typeScript)).toEqual([]);
});

test('no test in Python', () => {
  const files = globSync('python/tests/**/*.py', { cwd: root });
  expect(files.length).toBeGreaterThan(10);
  expect(breachesOf(files, python)).toEqual([]);
});
