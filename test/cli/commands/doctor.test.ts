import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exitCodeOf } from '../../../cli/commands/doctor.ts';
import { finding } from '../../../cli/doctor/findings.ts';
import { main } from '../../../cli/main.ts';
import { createTestIo } from '../support/testIo.ts';

// A folder without a policy: that of a visitor.
let cwd: string;
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), 'daypass-doctor-'));
  writeFileSync(join(cwd, '.env'), 'URL=https://site.example\n');
});
afterAll(() => rmSync(cwd, { recursive: true }));

test.each([
  [[], /Name the site: daypass doctor https/],
  [['site.example'], /The site must be an http or https URL/],
  [['ftp://site.example'], /The site must be an http or https URL/],
  [['https://user:pass@site.example'], /no user name or password/],
  [['https://site.example', '--backend', 'localhost'], /--backend must be/],
  [['https://site.example', '--path', 'api/hello'], /--path: api\/hello must begin with one slash/],
  [['https://site.example', '--path', '//other.example/'], /--path/],
  [['https://site.example', '--origin', 'https://app.example/'], /--origin: .* must be an origin/],
  [['https://site.example', '--config', 'missing.ts'], /--config/],
  [['https://site.example', '--orgin', 'x'], /did you mean --origin/],
])('%j is a wrong command line: 64', async (args, message) => {
  const io = createTestIo({ cwd });
  expect(await main(['doctor', ...args], io)).toBe(64);
  expect(io.error).toMatch(message);
  expect(io.out).toBe('');
});

test('a site that is broken: progress beside the report, a finding with id, reason, remedy and page, exit code 1', async () => {
  const io = createTestIo({ cwd });
  expect(await main(['doctor', '--env-file', '.env'], io)).toBe(1);
  expect(io.error).toMatch(/^The site answers …\n/);
  expect(io.out).toContain('broken: The site does not answer. (site_unreachable)\n');
  expect(io.out).toMatch(/ {2}Why it matters: .*\n {2}Fix: .*\n {2}https:.*doctor\.md#site_unreachable\n/);
  expect(io.out).toContain('https://site.example: 1 broken.');
});

test('with --json the answer is one value, and there is no progress', async () => {
  const io = createTestIo({ cwd });
  expect(await main(['doctor', 'https://site.example/page', '--json'], io)).toBe(1);
  expect(io.error).toBe('');
  const { url, findings } = JSON.parse(io.out);
  expect(url).toBe('https://site.example');
  expect(findings).toEqual([
    expect.objectContaining({
      id: 'site_unreachable',
      severity: 'broken',
      docs: expect.stringContaining('#'),
    }),
  ]);
});

test('the exit code is that of the worst finding', () => {
  const of = (...ids: Parameters<typeof finding>[0][]) =>
    exitCodeOf({ findings: ids.map((id) => finding(id)) });
  expect(of()).toBe(0);
  expect(of('upstream_open')).toBe(0);
  expect(of('upstream_open', 'guard_missing')).toBe(2);
  expect(of('guard_missing', 'site_password')).toBe(1);
});
