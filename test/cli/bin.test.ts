import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildCli } from '../../scripts/buildCli.ts';

// The bin is one file, with all that the command line needs in it: no test of the commands loads that.

let folder: string;
let bin: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-bin-'));
  bin = join(folder, 'cli/daypass.js');
  await buildCli(bin);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...args: string[]) =>
  execFileSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' });

test('the bin starts without the packages that it was made from', () => {
  expect(run('--help')).toMatch(/^ {2}init +Set a project up/m);
});

test('it parses what init parses', () => {
  writeFileSync(join(folder, 'index.html'), '<head></head>\n');
  writeFileSync(join(folder, 'tsconfig.json'), '{ /* ours */ }\n');
  writeFileSync(join(folder, 'netlify.toml'), '[build] # ours\n');
  writeFileSync(join(folder, 'daypass.js'), '');
  writeFileSync(join(folder, 'daypass-more.js'), '');
  const { changes } = JSON.parse(run('init', '--dry-run', '--json'));
  const edited = changes.filter(({ action }: { action: string }) => action === 'edit');
  expect(edited.map(({ path }: { path: string }) => path)).toEqual([
    'netlify.toml',
    'index.html',
    'tsconfig.json',
  ]);
});
