import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { formatDiff } from '../../../cli/init/diff.ts';
import { fc } from '../../support/property.ts';

const format = (before: string | undefined, after: string) => formatDiff({ path: 'a/b.txt', before, after });

test('a new file is all additions', () => {
  expect(format(undefined, 'one\ntwo\n')).toEqual([
    '--- /dev/null',
    '+++ b/a/b.txt',
    '@@ -0,0 +1,2 @@',
    '+one',
    '+two',
  ]);
});

test('changes far apart are two hunks, with three lines around each', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
  const changed = lines.with(3, 'changed').toSpliced(15, 0, 'added');
  expect(format(`${lines.join('\n')}\n`, `${changed.join('\n')}\n`)).toEqual([
    '--- a/a/b.txt',
    '+++ b/a/b.txt',
    '@@ -1,7 +1,7 @@',
    ' line 1',
    ' line 2',
    ' line 3',
    '-line 4',
    '+changed',
    ' line 5',
    ' line 6',
    ' line 7',
    '@@ -13,6 +13,7 @@',
    ' line 13',
    ' line 14',
    ' line 15',
    '+added',
    ' line 16',
    ' line 17',
    ' line 18',
  ]);
});

test('a line without an end says so', () => {
  expect(format('a', 'a\nb').slice(2)).toEqual([
    '@@ -1,1 +1,2 @@',
    '-a\n\\ No newline at end of file',
    '+a',
    '+b\n\\ No newline at end of file',
  ]);
});

test('git applies every diff, and has what was meant', () => {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-diff-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'c', '', '  d'), { maxLength: 24 })
    .map((lines) => lines.map((line) => `${line}\n`).join(''));
  fc.assert(
    fc.property(text, text, fc.boolean(), (before, changed, hasEnd) => {
      const after = hasEnd ? changed : changed.replace(/\n$/, '');
      fc.pre(before !== after && before !== '' && after !== '');
      writeFileSync(join(folder, 'b.txt'), before);
      const diff = `${formatDiff({ path: 'b.txt', before, after }).join('\n')}\n`;
      execFileSync('git', ['apply', '--whitespace=nowarn', '-'], {
        cwd: folder,
        input: diff,
        env: { ...process.env, GIT_DIR: '/dev/null' },
      });
      expect(readFileSync(join(folder, 'b.txt'), 'utf8')).toBe(after);
    }),
    { numRuns: 60 },
  );
});
