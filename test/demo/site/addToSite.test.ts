import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backendSnippets, pageSnippets } from '../../../demo/site/addToSite.ts';

const root = join(import.meta.dirname, '../../..');

// The code in these is run or compiled by tests of their own.
const sources = [
  'README.md',
  'docs/backends.md',
  'docs/pages.md',
  'python/README.md',
  'examples/verify/README.md',
  'examples/verify/go/middleware.go',
  'test/frameworks/next/app/greeting.jsx',
  'test/frameworks/astro/src/pages/index.astro',
];
/** Comments of Go, and what a list or a page indents. */
const plain = (line: string) => line.replace(/^\s*(\/\/\t|\/\/\s{2,})?/, '').trimEnd();
const known = new Set(
  sources.flatMap((file) => readFileSync(join(root, file), 'utf8').split('\n').map(plain)),
);

test.each([...pageSnippets, ...backendSnippets].map(({ name, code }) => [name, code]))(
  'each line for %s stands in the documents or in code that is tested',
  (_, code) => {
    const lines = code.split('\n').map(plain);
    expect(lines.filter((line) => !known.has(line))).toEqual([]);
  },
);

test('a line that is nowhere is seen', () => {
  expect(known.has("import { createSession } from 'daypas';")).toBe(false);
});

test('every stack has an id and a name of its own, and says where its code goes', () => {
  const all = [...pageSnippets, ...backendSnippets];
  expect(all.map(({ name }) => name)).toEqual([
    'React, Vite',
    'Static HTML',
    'Next.js',
    'Astro',
    'Django',
    'FastAPI',
    'Node',
    'Go',
  ]);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const { where } of all) expect(where).not.toBe('');
});
