import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { droppedFields } from '../../src/gate/responseHeaders.ts';
import { forbiddenFields } from '../../src/policy/forbiddenHeaders.ts';
import { type DocsProject, openDocs } from './project.ts';

// What docs/gate.md says of fields is what the gate does.

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('gate.md');
});
afterAll(() => docs.close());

const section = (heading: string) => docs.text.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
const codeIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);

/** The cells of each row of a section's tables, without the head. */
const rowsOf = (heading: string) =>
  [...section(heading).matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split('|').map((cell) => cell.trim()))
    .filter((cells) => !/^-+$/.test(cells[0] ?? ''))
    .slice(1);

test('the code compiles, strictly, against what the package exports', async () => {
  expect(docs.blocks).not.toEqual([]);
  expect(await docs.compile()).toBe('');
});

test('the list of request fields that end at the gate is the gate’s, each kind with a reason', () => {
  const told = rowsOf('Request fields that end at the gate').map(([kind = '', what, why, fields = '']) => {
    expect([what, why]).not.toContain('');
    return { kind: codeIn(kind)[0], fields: codeIn(fields) };
  });
  expect(told).toEqual(
    forbiddenFields.map(({ kind, names, prefixes, words }) => ({
      kind,
      fields: [...names, ...prefixes.map((prefix) => `${prefix}*`), ...words.map((word) => `*${word}*`)],
    })),
  );
});

describe('the table of answers', () => {
  test('names every field of the upstream’s that ends at the gate', () => {
    const named = rowsOf('What changes in an answer').flatMap(([what = '']) => codeIn(what.toLowerCase()));
    const rewritten = [
      'location',
      'x-request-id',
      'content-location',
      'content-encoding',
      'content-length',
      '206',
      'range',
      'head',
    ];
    const gone = named.filter((name) => !name.endsWith('*') && !rewritten.includes(name));
    expect(new Set(gone)).toEqual(new Set([...droppedFields, 'multipart/byteranges']));
    expect(named).toEqual(expect.arrayContaining(['netlify-*', 'x-nf-*', 'access-control-*']));
  });
});
