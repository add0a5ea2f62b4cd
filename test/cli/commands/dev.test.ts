import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { UsageError } from '../../../cli/command.ts';
import { type DevOptions, dev, devCommand } from '../../../cli/commands/dev.ts';
import { loadDevPackage } from '../../../cli/dev/devPackage.ts';
import { main } from '../../../cli/main.ts';
import type { DevEvent } from '../../../dev/index.ts';
import { type Listening, listen } from '../../../dev/listen.ts';
import { type DevSessionOptions, startDevSession } from '../../../dev/session/session.ts';
import { buildDevPackage } from '../../../scripts/buildPackage.ts';
import { root } from '../../../scripts/bundle.ts';
import { makeSite, type SiteFolder } from '../../dev/support/siteFolder.ts';
import { createTestIo, type TestIo } from '../support/testIo.ts';

let site: SiteFolder;
beforeAll(async () => {
  site = await makeSite();
});
afterAll(() => site?.remove());

const env = { PATH: process.env.PATH };
const load = async () => ({ startDevSession });

/** Runs the command until something is seen in what it has written. */
async function runUntil(seen: RegExp, options: DevOptions, meanwhile?: (io: TestIo) => Promise<unknown>) {
  const io = createTestIo({ cwd: site.path, env });
  const controller = new AbortController();
  const running = dev({ port: 0, load, stop: controller.signal, ...options }, io);
  running.catch(() => undefined);
  await expect.poll(() => io.out + io.error).toMatch(seen);
  await meanwhile?.(io);
  controller.abort();
  return { exitCode: await running, io };
}

const urlIn = (text: string) => /http:\/\/localhost:\d+/.exec(text)?.[0] ?? '';

describe('for people', () => {
  test('the address, and what the backend needs; then a line for each request', async () => {
    const { exitCode, io } = await runUntil(
      /context +dev/,
      { upstream: 'http://127.0.0.1:9' },
      async (io) => {
        await fetch(`${urlIn(io.out)}/api/cart`);
        await expect.poll(() => io.out).toMatch(/token_missing\n +The call carried no pass/);
      },
    );
    expect(exitCode).toBe(0);
    const url = urlIn(io.out);
    expect(io.out).toMatch(new RegExp(`^Daypass is ready: ${url}\\n`));
    expect(io.out).toMatch(/\n {2}secret {4}[\w-]{43}\n {2}issuer {4}http:\/\/localhost:\d+\n/);
    expect(io.out).toMatch(/\n- +GET \/api\/cart {2}\[\/api\/cart\] {2}401 {2}token_missing\n/);
    // The line says it; what the function logs of it too would be said twice.
    expect(io.out).not.toContain('"daypass":"refused"');
    await expect(fetch(url)).rejects.toThrow();
  });

  test('a folder without a site is wrong usage, and nothing is written there', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'daypass-empty-'));
    const starting = dev({ port: 0, load, stop: new AbortController().signal }, createTestIo({ cwd, env }));
    await expect(starting).rejects.toThrow(
      new UsageError(
        `--root must be a site: there is no daypass.config.ts and no function in ${cwd}. Run npx daypass init there, or name another folder.`,
      ),
    );
    expect(existsSync(join(cwd, '.netlify'))).toBe(false);
    rmSync(cwd, { recursive: true });
  });

  test('what the log adds to a refusal stands under the line of its request', async () => {
    const io = createTestIo({ cwd: site.path, env });
    const refused = { session: undefined, method: 'GET', path: '/api/cart', route: '/api/*', status: 502 };
    const code = 'upstream_unreachable';
    const line = `{"daypass":"refused","code":"${code}","cause":"ECONNREFUSED"}`;
    const startStandIn = async ({ onEvent }: DevSessionOptions): Promise<never> => {
      onEvent?.({ kind: 'request', ...refused, path: '/before', code: undefined, remedy: undefined });
      onEvent?.({ kind: 'line', from: 'functions', line, stream: 'stdout' });
      onEvent?.({ kind: 'request', ...refused, code, remedy: 'Start it.' });
      // The thread of the functions may say it later than the server has answered.
      onEvent?.({ kind: 'request', ...refused, path: '/late', code, remedy: 'Start it.' });
      onEvent?.({ kind: 'line', from: 'functions', line, stream: 'stdout' });
      throw new Error('enough');
    };
    const running = dev({ port: 0, load: async () => ({ startDevSession: startStandIn }) }, io);
    await expect(running).rejects.toThrow('enough');
    const lines = io.out.split('\n').map((each) => each.trim().replace(/^- +/, ''));
    expect(lines.map((each) => each.split(/ {2}|:/)[0])).toEqual([
      'GET /before',
      'GET /api/cart',
      'Start it.',
      'cause',
      'GET /late',
      'Start it.',
      'cause',
      '',
    ]);
  });

  test('a backend that is not named is asked for', async () => {
    const { io } = await runUntil(/context +dev/, {});
    expect(io.out).toContain('note: No backend is named by DAYPASS_UPSTREAM: pass --upstream <url>');
  });

  test('a secret that is set is nobody else’s: it is not shown', async () => {
    const secret = 'Zl3x-9vQm7Kd2pWc8sNf4tYb6uHj1gRa';
    site.write({ '.env': `DAYPASS_SECRET=${secret}\n` });
    const { io } = await runUntil(/context +dev/, {});
    site.write({ '.env': '' });
    expect(io.out).toContain('secret    the value of DAYPASS_SECRET, which you have set');
    expect(io.out + io.error).not.toContain(secret);
  });

  test('what Django needs, and not what it has', async () => {
    const backend = mkdtempSync(join(tmpdir(), 'daypass-django-'));
    mkdirSync(join(backend, 'shop'));
    writeFileSync(join(backend, 'manage.py'), '');
    writeFileSync(join(backend, 'shop/settings.py'), 'DEBUG = True\n');
    const fresh = (await runUntil(/context +dev/, { django: backend })).io.out;
    expect(fresh).toContain('/api/*: http://127.0.0.1:8000');
    expect(fresh).toMatch(
      / {4}DAYPASS = \{\n {8}"SECRET": os\.environ\.get\("DAYPASS_SECRET"\),\n {8}"ISSUER": os\.environ\.get\("DAYPASS_ISSUER"\),\n {4}\}/,
    );
    expect(fresh).toMatch(/ {4}DAYPASS_SECRET=[\w-]{43}\n {4}DAYPASS_ISSUER=http:\/\/localhost:\d+\n/);
    writeFileSync(join(backend, 'shop/settings.py'), 'DAYPASS = {}\n');
    const again = (await runUntil(/context +dev/, { django: backend })).io.out;
    expect(again).not.toContain('INSTALLED_APPS');
    expect(again).toMatch(/ {4}DAYPASS_SECRET=/);
    rmSync(backend, { recursive: true });
  });

  test('a change of a file, with the mistake in it', async () => {
    const mistake = { 'netlify/functions/late.ts': 'export default () => {' };
    const { io } = await runUntil(/context +dev/, {}, async (io) => {
      site.write(mistake);
      await expect.poll(() => io.out).toMatch(/not reloaded: late\.ts: .*late\.ts could not be loaded/);
      site.write({ 'netlify/functions/late.ts': 'export default () => new Response();' });
      await expect.poll(() => io.out).toMatch(/\nreloaded: late\.ts\n/);
    });
    rmSync(join(site.path, 'netlify/functions/late.ts'));
    expect(io.error).toBe('');
  });

  test('a dev command that ends by itself is broken', async () => {
    const script = `require('node:http').createServer().listen(0, function () {
      console.log('http://localhost:' + this.address().port); setTimeout(() => process.exit(3), 1000); });`;
    const io = createTestIo({ cwd: site.path, env });
    const exitCode = await dev(
      { port: 0, load, command: [process.execPath, '-e', script], stop: new AbortController().signal },
      io,
    );
    expect(exitCode).toBe(1);
    expect(io.out).toContain('note: The command of the pages ended with 3.');
  });
});

test('a dev command that never serves anything can be stopped, too', async () => {
  const { exitCode, io } = await runUntil(/family \d+/, {
    command: ['sh', '-c', 'echo family $$; exec sleep 600'],
  });
  expect(exitCode).toBe(0);
  expect(io.error).toBe('');
  const pid = Number(/family (\d+)/.exec(io.out)?.[1]);
  await expect.poll(() => existsSync(`/proc/${pid}/cwd`)).toBe(false);
});

test('for programs: a JSON value in each line, the first of which says that it is ready', async () => {
  const { io } = await runUntil(
    /"kind":"ready"/,
    { isJson: true, upstream: 'http://127.0.0.1:9' },
    async (io) => {
      await fetch(`${urlIn(io.out)}/api/cart`);
      await expect.poll(() => io.out).toContain('token_missing');
    },
  );
  const events: (DevEvent | { kind: 'ready' })[] = io.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.find(({ kind }) => kind === 'ready')).toMatchObject({
    url: urlIn(io.out),
    issuer: urlIn(io.out),
    pages: { kind: 'folder' },
    backends: [{ audience: 'api', variable: 'DAYPASS_SECRET', isMade: true, secret: expect.any(String) }],
  });
  expect(events.find(({ kind }) => kind === 'request')).toMatchObject({ status: 401, code: 'token_missing' });
});

describe('what cannot be started', () => {
  test.each<[string, DevOptions, RegExp]>([
    ['a target that is none', { target: 'vite' }, /^--target must be the port/],
    ['two kinds of pages', { publish: '.', command: ['vite'] }, /^--publish is a folder in place of/],
    ['runserver without a project', { runserver: true }, /^--runserver needs django/],
    ['a site that is not there', { root: 'nowhere' }, /^--root must be the folder of a site/],
    ['a target that no URL has', { target: '99999' }, /^--target must be the port/],
    ['an upstream that is none', { upstream: 'foo' }, /^--upstream must be an http\(s\) URL\.$/],
    ['a public URL with a path', { publicUrl: 'https://a.example/b' }, /^--public-url must be the origin/],
    ['a folder without manage.py', { django: '.' }, /^--django must be a folder with manage\.py/],
  ])('%s is wrong usage', async (_, options, message) => {
    const failure = dev({ load, ...options }, createTestIo({ cwd: site.path, env }));
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow(message);
  });

  test('a public URL of the environment is named as a variable', async () => {
    const io = createTestIo({ cwd: site.path, env: { ...env, PUBLIC_URL: 'foo' } });
    await expect(dev({ load }, io)).rejects.toThrow(/^The variable PUBLIC_URL must be the origin/);
  });

  test('a port in use names the option, and is broken', async () => {
    const taken: Listening = await listen(() => new Response());
    const port = Number(new URL(taken.url).port);
    const failure = dev({ load, port }, createTestIo({ cwd: site.path, env }));
    await expect(failure).rejects.toMatchObject({
      code: 'dev_failed',
      exitCode: 1,
      message: `Port ${port} on 127.0.0.1 is in use. Set PORT to another one. Or pass --port <number>.`,
    });
    await taken.close();
  });

  test.each(['70000', '-1', 'http'])('--port %s is none', async (port) => {
    const io = createTestIo({ cwd: site.path, env });
    expect(await main(['dev', `--port=${port}`], io)).toBe(64);
    expect(io.error).toContain('--port must be a whole number from 0 to 65535.');
  });
});

describe('daypass-dev that is missing', () => {
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'daypass-missing-'));
    // Stands in for npm: notes what it was asked for, and "installs".
    const bin = join(project, 'bin');
    mkdirSync(bin);
    const made = 'mkdir -p node_modules/daypass-dev/dist && cd node_modules/daypass-dev';
    writeFileSync(
      join(bin, 'pnpm'),
      `#!/bin/sh
      echo "$@" > asked
      [ -n "$FAILS" ] && { echo no such package >&2; exit 1; }
      ${made} &&
      echo '{"name":"daypass-dev","version":"9.9.9","type":"module","exports":"./dist/index.js"}' > package.json &&
      echo 'export const startDevSession = () => {};' > dist/index.js\n`,
    );
    chmodSync(join(bin, 'pnpm'), 0o755);
    writeFileSync(join(project, 'pnpm-lock.yaml'), '');
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  const ioOf = (more: Record<string, string> = {}) =>
    createTestIo({
      cwd: project,
      env: { PATH: `${join(project, 'bin')}${delimiter}${process.env.PATH}`, ...more },
    });
  const ask = (io: TestIo, yes: boolean) =>
    loadDevPackage(project, { version: '1.2.3', yes, io, alsoFrom: [] });

  test('without a terminal, the line that adds it', async () => {
    await expect(ask(ioOf(), false)).rejects.toMatchObject({
      exitCode: 64,
      message:
        'daypass dev needs the package daypass-dev. Add it: pnpm add --save-dev daypass-dev@1.2.3, or say --yes.',
    });
  });

  test('with --yes it is added, and with a reason it is not', async () => {
    const io = ioOf({ FAILS: '1' });
    await expect(ask(io, true)).rejects.toMatchObject({ code: 'dev_package_missing', exitCode: 1 });
    expect(io.error).toContain('no such package');
    const added = ioOf();
    expect(await ask(added, true)).toHaveProperty('startDevSession');
    expect(added.error).toContain('daypass-dev is 9.9.9, and daypass is 1.2.3');
    expect(existsSync(join(project, 'asked'))).toBe(true);
  });
});

describe('as a process of its own', () => {
  beforeAll(async () => {
    await buildDevPackage();
    symlinkSync(join(root, 'dev'), join(site.path, 'node_modules/daypass-dev'));
  });

  const pages = `const child = require('node:child_process').spawn('sleep', ['600']);
    require('node:http').createServer().listen(0, '127.0.0.1', function () {
      console.log('family ' + process.pid + ',' + child.pid);
      console.log('http://127.0.0.1:' + this.address().port);
    });`;

  const isAlive = (pid: number) => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends it clean, with all that it has started',
    async (signal) => {
      const args = [join(root, 'cli/bin.ts'), 'dev', '--port', '0', '--', process.execPath, '-e', pages];
      const child = spawn(process.execPath, args, { cwd: site.path, stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      const ended = new Promise((resolve) => child.on('close', (...how) => resolve(how)));
      await expect.poll(() => output).toMatch(/Daypass is ready: .*\n[\s\S]*code\.\n/);
      const pids = (/family (\S+)/.exec(output)?.[1] ?? '').split(',').map(Number);
      expect(pids.map(isAlive)).toEqual([true, true]);
      child.kill(signal);
      expect(await ended).toEqual([0, null]);
      await expect.poll(() => pids.map(isAlive)).toEqual([false, false]);
    },
  );
});

test('the options of the command are those of the function', () => {
  const names = Object.keys(devCommand.options).map((name) =>
    name.replaceAll(/-(\w)/g, (_, letter) => letter.toUpperCase()),
  );
  const known: Record<keyof Omit<DevOptions, 'load' | 'stop' | 'isJson' | 'command'>, true> = {
    root: true,
    upstream: true,
    django: true,
    runserver: true,
    target: true,
    publish: true,
    port: true,
    publicUrl: true,
    exposeErrors: true,
    yes: true,
  };
  expect(names.sort()).toEqual(Object.keys(known).sort());
});
