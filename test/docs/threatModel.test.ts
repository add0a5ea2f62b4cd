import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { attacks } from '../../demo/site/lab/attacks.ts';

// Each attack of docs/threat-model.md names what stops it, and a test or a measurement that is there.

const root = join(import.meta.dirname, '../..');
const text = readFileSync(join(root, 'docs/threat-model.md'), 'utf8');
const rows = [...text.matchAll(/^\| (.+) \|$/gm)]
  .map(([, row = '']) => row.split(' | ').map((cell) => cell.trim()))
  .filter(([first = '']) => first !== 'attack' && !/^-+$/.test(first));

test('there are more attacks than in the lab', () => {
  expect(rows.length).toBeGreaterThan(attacks.length);
});

test.each(rows)('%s', (...cells) => {
  const [attack, stops, , shown = ''] = cells;
  expect(cells).toHaveLength(4);
  for (const cell of [attack, stops]) expect(cell).toMatch(/\w/);
  const named = [...shown.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(0);
  for (const name of named) {
    expect(name).toMatch(/^(test\/.+\.test\.ts|python\/tests\/.+\/test_\w+\.py|abuse\/\w+\.ts)$/);
    expect(existsSync(join(root, name)), name).toBe(true);
  }
});

test('it says first what a pass does not prove', () => {
  expect(text.split('\n## ')[0]).toContain('does not prove that a caller is a browser');
});
