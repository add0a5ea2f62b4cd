import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checks } from '../../../cli/doctor/diagnose.ts';
import { type FindingId, finding, findings } from '../../../cli/doctor/findings.ts';
import { setups } from '../../../setups/setups.ts';
import { causes } from '../../../src/protocol/causes.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/doctor.md'), 'utf8');
const sections = new Map(
  page
    .split(/^### /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text]),
);
const ids = Object.keys(findings) as FindingId[];

test('docs/doctor.md has a section for each finding, in their order, and no other', () => {
  expect([...sections.keys()]).toEqual(ids);
});

test.each(ids)('the section of %s says what doctor says, and is where doctor points', (id) => {
  const { severity, what, why, remedy, docs } = finding(id);
  const section = sections.get(id) ?? '';
  expect(section.toLowerCase()).toContain(`\n${severity}. `);
  for (const text of [what, why, ...(remedy === '{problem}' ? [] : [remedy])])
    expect(section).toContain(text);
  expect(docs.endsWith(`/docs/doctor.md#${id}`)).toBe(true);
});

test('every cause that the status of a site can name is a finding', () => {
  expect(Object.keys(causes).filter((id) => !ids.includes(id as FindingId))).toEqual([]);
});

test('a check needs checks that run before it', () => {
  const seen = new Set<string>();
  for (const { id, needs } of checks) {
    expect(needs.filter((need) => !seen.has(need))).toEqual([]);
    expect(seen.has(id)).toBe(false);
    seen.add(id);
  }
});

/** Found where a set-up cannot be had in seconds, or where it would hold two faults; held by test/cli/doctor/diagnose.test.ts. */
const withoutSetup: readonly FindingId[] = [
  'site_unreachable',
  'turnstile_test_key',
  'identity_list_failed',
  'redis_quota_exceeded',
  'redis_error',
  'exchange_refused',
  'rate_limited',
  'secret_unused',
];

test('every other finding has a set-up that shows it', () => {
  const shown = new Set(setups.map(({ expected }) => expected));
  expect(ids.filter((id) => !shown.has(id))).toEqual(withoutSetup);
  expect(setups.filter(({ expected }) => expected !== undefined).length).toBeGreaterThanOrEqual(30);
  expect(new Set(setups.map(({ name }) => name)).size).toBe(setups.length);
});
