import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type InitOptions, init, initCommand } from '../../../cli/commands/init.ts';
import type { Questions } from '../../../cli/init/questions.ts';
import { main } from '../../../cli/main.ts';
import { projects } from '../init/support/projects.ts';
import { createTestIo } from '../support/testIo.ts';

/** A folder with these files. */
function makeProject(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'daypass-init-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const snapshot = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => statSync(join(folder, path)).isFile())
      .map((path) => [path, readFileSync(join(folder, path), 'utf8')]),
  );

const read = (folder: string, path: string) => readFileSync(join(folder, path), 'utf8');

async function run(cwd: string, ...args: string[]) {
  const io = createTestIo({ cwd });
  const exitCode = await main(['init', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

/** Somebody who answers in this order; `undefined` leaves the question with Ctrl-C. */
function answering(answers: readonly (string | undefined)[]): Questions & { asked: string[] } {
  const left = [...answers];
  const asked: string[] = [];
  return {
    asked,
    select: async (message, choices) => {
      asked.push(message);
      const answer = left.shift();
      if (answer !== undefined) expect(choices.map(({ value }) => value)).toContain(answer);
      return answer;
    },
    text: async ({ message, initialValue, validate }) => {
      asked.push(message);
      const answer = left.shift();
      if (answer === undefined) return undefined;
      const text = answer === 'as it stands' ? initialValue : answer;
      expect(validate(text)).toBeUndefined();
      return text;
    },
  };
}

async function answer(cwd: string, answers: readonly (string | undefined)[], options: InitOptions = {}) {
  const io = createTestIo({ cwd, isInteractive: true });
  const questions = answering(answers);
  const result = await init({ ...options, questions }, io).catch((error: unknown) => error);
  return { result, out: io.out, asked: questions.asked };
}

test('--yes writes what it has shown, and says what is left to do', async () => {
  const folder = makeProject(projects.html);
  const { exitCode, out } = await run(folder, '--yes', '--upstream', 'https://b.example');
  expect(exitCode).toBe(0);
  expect(read(folder, 'daypass.js')).toContain('signup');
  expect(read(folder, 'daypass-more.js').length).toBeGreaterThan(100);
  expect(read(folder, 'netlify/functions/session.ts')).toContain('createBroker');
  expect(out).toContain('+    <script src="/daypass.js" data-api="/api/"></script>\n');
  expect(out.indexOf('+++ b/netlify.toml')).toBeLessThan(out.indexOf('Wrote '));
  for (const place of [
    'Project configuration > Identity',
    'Registration preferences must be Open',
    'Allow users to sign up without verifying their email address',
    'netlify env:set DAYPASS_UPSTREAM https://b.example\n',
    'netlify env:set DAYPASS_PRIVATE_SECRET "$(npx daypass secret)" --secret\n',
    'npx daypass dev --upstream https://b.example\n',
  ]) {
    expect(out).toContain(place);
  }
  expect(out).not.toContain('npm install daypass');
});

test('a second run over plain pages has nothing to say of settings that it wrote itself', async () => {
  const folder = makeProject(projects.html);
  await run(folder, '--yes');
  const again = await run(folder, '--yes');
  expect(again.out).toContain('Nothing to do: everything is there.');
  expect(again.out).not.toMatch(/stays|undefined/);
});

test('a setting that stays is told with what init would write in its place', async () => {
  const folder = makeProject({ ...projects.html, 'netlify.toml': '[build]\n  publish = "site"\n' });
  const { out } = await run(folder, '--dry-run');
  expect(out).not.toContain('undefined');
});

test('a second run changes nothing', async () => {
  const folder = makeProject(projects.viteReact);
  await run(folder, '--yes');
  const done = snapshot(folder);
  for (const args of [['--yes'], ['--dry-run'], []]) {
    const again = await run(folder, ...args);
    expect(again.exitCode).toBe(0);
    expect(again.out).toContain('Nothing to do: everything is there.');
    expect(again.out).not.toContain('Next');
  }
  expect(snapshot(folder)).toEqual(done);
});

test('--dry-run shows the changes, and writes nothing', async () => {
  const folder = makeProject(projects.nextExport);
  const { exitCode, out } = await run(folder, '--dry-run');
  expect(exitCode).toBe(0);
  expect(out).toContain('+    "allowImportingTsExtensions": true\n');
  expect(out).toContain('Nothing was written.');
  expect(snapshot(folder)).toEqual(projects.nextExport);
});

test('--json answers with the changes, for programs', async () => {
  const folder = makeProject({ 'index.html': '<p>\n' });
  const { exitCode, out } = await run(folder, '--yes', '--json', '--with', 'none');
  const report = JSON.parse(out);
  expect(exitCode).toBe(0);
  expect(report).toMatchObject({
    site: { kind: 'html', folder: '' },
    apiPrefix: '/api/',
    isWritten: true,
    notes: [],
  });
  const actions = report.changes.map(({ path, action }: Record<string, string>) => `${action} ${path}`);
  expect(actions).toEqual([
    'create daypass.config.ts',
    'create netlify/functions/session.ts',
    'create netlify/edge-functions/gate.ts',
    'create netlify.toml',
    'edit index.html',
    'create daypass.js',
    'create daypass-more.js',
    'create .env.example',
    'create .gitignore',
  ]);
  expect(report.nextSteps[0]).toEqual({
    text: 'Add the package to the site.',
    commands: ['npm install daypass'],
  });
});

test.each([
  [[], 'Add --yes, or --dry-run.'],
  [['--yes', '--with', 'gaurd'], '--with takes guard, identity, sweep, or none; there is no "gaurd".'],
  [['--yes', '--upstream', 'b.example'], '--upstream must be the URL of your backend'],
  [['--yes', '--api-prefix', '/session/'], '--api-prefix must leave'],
  [['--yes', '--project', '..'], '--project must name a folder in'],
  [['--yes', '--project', 'nowhere'], 'There is no site in nowhere'],
])('%j is wrong usage, and writes nothing', async (args, message) => {
  const folder = makeProject(projects.viteVue);
  const { exitCode, error } = await run(folder, ...args);
  expect(exitCode).toBe(64);
  expect(error).toContain(message);
  expect(snapshot(folder)).toEqual(projects.viteVue);
});

test('three questions, the last of them below the changes', async () => {
  const folder = makeProject(projects.viteVue);
  const { result, asked, out } = await answer(folder, ['/v1', 'https://b.example/', 'all']);
  expect(result).toBe(0);
  expect(asked).toEqual([
    'Under which path does the page call your backend?',
    'Where is your backend? Leave it empty if it has no address yet.',
    'Write these 10 files?',
  ]);
  expect(read(folder, 'src/daypass.js')).toContain("session.attach(['/v1/'])");
  expect(read(folder, '.env.example')).toContain('DAYPASS_UPSTREAM=https://b.example\n');
  expect(out).toContain('+++ b/netlify/edge-functions/guard.ts');
  expect(Object.keys(snapshot(folder))).toContain('netlify/edge-functions/guard.ts');
});

test('a fourth one where there are several sites; guard and sweep may be left out', async () => {
  const files = Object.fromEntries(
    ['shop', 'blog'].flatMap((name) =>
      Object.entries(projects.viteVue).map(([path, text]) => [`apps/${name}/${path}`, text]),
    ),
  );
  const folder = makeProject({ ...files, 'package.json': '{ "workspaces": ["apps/*"] }' });
  const { result, asked } = await answer(folder, ['apps/shop', 'as it stands', 'as it stands', 'needed']);
  expect([result, asked.length]).toEqual([0, 4]);
  const written = Object.keys(snapshot(folder));
  expect(written).toContain('apps/shop/netlify/edge-functions/gate.ts');
  expect(written.filter((path) => /guard|sweep|apps\/blog\/netlify/.test(path))).toEqual([]);
});

test('in the folder of a site, the repository around it counts: its lock file, its netlify.toml', async () => {
  const site = Object.entries(projects.viteVue).map(([path, text]) => [`packages/web/${path}`, text]);
  const root = makeProject({
    ...Object.fromEntries(site),
    '.git/HEAD': 'ref: refs/heads/main\n',
    'pnpm-lock.yaml': '',
    'netlify.toml': '[build]\n  base = "packages/web"\n',
    'packages/other/index.html': '<p>',
  });
  const { exitCode, out } = await run(join(root, 'packages/web'), '--yes');
  expect(exitCode).toBe(0);
  expect(out).toContain('Vite with Vue in packages/web\n');
  expect(out).toContain('set Base directory to packages/web.');
  expect(read(root, 'netlify.toml')).toContain('  base = "packages/web"\n  command = "pnpm run build"\n');
  expect(read(root, 'packages/web/netlify/edge-functions/gate.ts')).toContain('createGate');
  expect((await run(join(root, 'packages/web'), '--yes')).out).toContain('Nothing to do');
});

test('every question has a flag that answers it', async () => {
  const folder = makeProject(projects.viteVue);
  const given = {
    project: '',
    upstream: 'https://b.example',
    apiPrefix: '/api/',
    extras: ['guard'],
  } as const;
  const { asked } = await answer(folder, ['all'], given);
  expect(asked).toEqual(['Write these 9 files?']);
  const silent = await answer(folder, [], { ...given, yes: true });
  expect([silent.result, silent.asked]).toEqual([0, []]);
});

test.each([
  ['the first question', [undefined]],
  ['the second', ['/api/', undefined]],
  ['the last', ['/api/', '', undefined]],
  ['an answer of no', ['/api/', '', 'none']],
])('%s that is left writes nothing', async (_what, answers) => {
  const folder = makeProject(projects.viteVue);
  expect((await answer(folder, answers)).result).toMatchObject({ code: 'cancelled', exitCode: 1 });
  expect(snapshot(folder)).toEqual(projects.viteVue);
});

test('a file that cannot be written is named; the rest is written, and a later run completes it', async () => {
  const folder = makeProject({ ...projects.html, 'netlify.toml': '# ours\n' });
  const refusing = async (path: string, text: string) => {
    if (path.endsWith('netlify.toml')) throw Object.assign(new Error('read-only'), { code: 'EACCES' });
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  const io = createTestIo({ cwd: folder });
  const failed = init({ yes: true, writeFile: refusing }, io);
  await expect(failed).rejects.toMatchObject({
    code: 'not_written',
    exitCode: 1,
    message: expect.stringContaining('netlify.toml: EACCES'),
  });
  expect(read(folder, 'netlify.toml')).toBe('# ours\n');
  expect(read(folder, 'netlify/edge-functions/gate.ts')).toContain('createGate');
  const again = await run(folder, '--yes');
  expect(again.out).toContain('Wrote netlify.toml.\n');
});

test('a file that somebody else writes meanwhile is not overwritten', async () => {
  const folder = makeProject(projects.html);
  const questions: Questions = {
    ...answering(['/api/', '']),
    select: async () => {
      writeFileSync(join(folder, 'netlify.toml'), '# theirs\n');
      return 'all';
    },
  };
  const io = createTestIo({ cwd: folder, isInteractive: true });
  await expect(init({ questions }, io)).rejects.toThrow('netlify.toml: it has changed meanwhile');
  expect(read(folder, 'netlify.toml')).toBe('# theirs\n');
});

test.each([
  ['Latin-1', Buffer.from('<html><head></head><body>Caf\xe9</body></html>\n', 'latin1'), 'index.html'],
  ['UTF-16', Buffer.from('\ufeffdist\n', 'utf16le'), '.gitignore'],
  ['Latin-1, in a comment', Buffer.from('# Caf\xe9\n', 'latin1'), 'netlify.toml'],
])('a file in %s keeps its bytes, and is left to do by hand', async (_, bytes, name) => {
  const folder = makeProject(projects.html);
  writeFileSync(join(folder, name), bytes);
  const { exitCode, out } = await run(folder, '--yes');
  expect(exitCode).toBe(0);
  expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
  expect(out).toMatch(new RegExp(`${name}.*not UTF-8`));
  expect(read(folder, 'netlify/edge-functions/gate.ts')).toContain('createGate');
});

test('what is written keeps its mode, its byte order mark and the link to it, and leaves no other file', async () => {
  const folder = makeProject({
    ...projects.html,
    'shared/page.html': `\ufeff${projects.html['index.html']}`,
  });
  rmSync(join(folder, 'index.html'));
  symlinkSync('shared/page.html', join(folder, 'index.html'));
  chmodSync(join(folder, 'shared/page.html'), 0o640);
  expect((await run(folder, '--yes')).exitCode).toBe(0);
  expect(lstatSync(join(folder, 'index.html')).isSymbolicLink()).toBe(true);
  expect(read(folder, 'shared/page.html')).toMatch(/^\ufeff[^\ufeff]*data-api/);
  expect(statSync(join(folder, 'shared/page.html')).mode & 0o777).toBe(0o640);
  expect(readdirSync(join(folder, 'shared'))).toEqual(['page.html']);
});

test('a folder that is called like a file is no file, also behind a link', async () => {
  const folder = makeProject({ ...projects.html, 'kept/x.txt': '' });
  symlinkSync('kept', join(folder, 'old.html'));
  expect((await run(folder, '--yes')).exitCode).toBe(0);
});

test('folders and files that nobody may read are passed over', () => {
  const folder = makeProject({ ...projects.html, 'secret/a.html': '', 'b.html': '' });
  chmodSync(folder, 0o755);
  chmodSync(join(folder, 'secret'), 0);
  chmodSync(join(folder, 'b.html'), 0);
  onTestFinished(() => chmodSync(join(folder, 'secret'), 0o700));
  const script = `
    import { openProject } from ${JSON.stringify(join(import.meta.dirname, '../../../cli/init/disk.ts'))};
    // Root may read everything.
    if (process.getuid() === 0) process.seteuid(65_534);
    console.log([...(await openProject(${JSON.stringify(folder)})).files.keys()].join());`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script];
  const found = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split(',');
  expect(found).toContain('index.html');
  expect(found).not.toContain('b.html');
});

test('a module of the page is shown, whatever it is called; the copied scripts are not', async () => {
  const { 'src/main.js': main, ...rest } = projects.viteVue;
  const files = {
    ...rest,
    'main.js': main,
    'index.html': '<script type="module" src="/main.js"></script>\n',
  };
  const bundled = await run(makeProject(files), '--dry-run');
  expect(bundled.out).toContain('+++ b/daypass.js\n');
  expect(bundled.out).toContain("+session.attach(['/api/']);\n");
  const plain = await run(makeProject(projects.html), '--dry-run');
  expect(plain.out).toContain('+++ b/daypass.js (copied from the package)\n');
  expect(plain.out).not.toContain('signup');
});

test('what is installed or built is not read', async () => {
  const folder = makeProject({
    ...projects.html,
    'dist/package.json': '{ broken',
    'out/index.html': '<p>',
    'node_modules/x/package.json': '{ broken',
    'node_modules/daypass/index.html': '<p>',
  });
  const { exitCode, out } = await run(folder, '--yes');
  expect(exitCode).toBe(0);
  expect(out).not.toContain('Other pages');
});

test('its examples are command lines that it understands', async () => {
  const files = Object.entries(projects.viteVue).map(([path, text]) => [`packages/web/${path}`, text]);
  for (const example of initCommand.examples.filter((each) => /--(yes|dry-run)/.test(each))) {
    const folder = makeProject({ ...projects.viteVue, ...Object.fromEntries(files) });
    const [, , ...args] = example.split(' ');
    expect((await run(folder, ...args)).exitCode, example).toBe(0);
  }
});
