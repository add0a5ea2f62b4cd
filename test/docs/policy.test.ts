import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import { expectShown } from './generated.ts';
import { placedFields, policyReference } from './policyReference.ts';
import { type DocsProject, openDocs } from './project.ts';

// docs/policy.md is made from the docstrings of src/policy/types.ts and what definePolicy fills in.

const source = readFileSync(join(import.meta.dirname, '../../src/policy/types.ts'), 'utf8');
const fields = placedFields(source).flatMap((section) => section.fields);

let docs: DocsProject;
beforeAll(async () => {
  docs = await openDocs('policy.md');
});
afterAll(() => docs.close());

test('the reference is that of the types', () => {
  expectShown('docs/policy.md', new Map([['reference', policyReference(source)]]));
});

test('the code compiles, strictly, against what the package exports', async () => {
  expect(await docs.compile()).toBe('');
});

test('every field of a checked policy is described', () => {
  const paths = new Set(fields.map(({ path }) => path));
  const policy = definePolicy({ admission: {} });
  for (const [name, value] of Object.entries(policy)) {
    // What no owner writes.
    if (name === 'defaultAudience') continue;
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const inner =
      isObject && name !== 'audiences' ? Object.keys(value).map((key) => `${name}.${key}`) : [name];
    for (const path of inner) expect(paths).toContain(path);
  }
});

test.each(fields)('$path says what it is', ({ field }) => {
  expect(field.text).toMatch(/\w/);
});

test('a default that a docstring tells is the one that there is', () => {
  const told = fields.flatMap(({ path, field, default: value }) => {
    const [, number] = /Default (\d[\d ]*)(?![\d.]*-)/.exec(field.text) ?? [];
    return number === undefined ? [] : [{ path, told: Number(number.replaceAll(' ', '')), value }];
  });
  expect(told.length).toBeGreaterThan(10);
  for (const { path, told: number, value } of told) expect([path, number]).toEqual([path, value]);
});
