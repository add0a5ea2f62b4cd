import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { logEvents } from '../../src/protocol/log.ts';
import { statsEvents } from '../../src/store/counters.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');

/** The names in the first column of a table. */
function firstColumn(heading: string): string[] {
  const section = text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `(.+?)`.* \|/gm)].map(([, name = '']) => name);
}

test('the table of counts names every event, and no other', () => {
  expect(firstColumn('Reading the counts')).toEqual(statsEvents);
});

test('every way to go on without Redis is told', () => {
  expect(firstColumn('While Redis is away')).toEqual(["'local'", "'deny'", "'allow'"]);
});

test('the table of log lines names every event, and no other', () => {
  const named = [...text.matchAll(/^\| `\{"daypass":"(\w+)"/gm)].map(([, name = '']) => name);
  expect([...new Set(named)].toSorted()).toEqual(logEvents.toSorted());
});
