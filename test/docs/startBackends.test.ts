import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, readFileSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { mintToken } from '../../src/package/testing.ts';
import { preparePython } from '../python/support/venv.ts';
import { describeWith } from '../support/optional.ts';
import { secret } from '../support/tokens.ts';
import { blocksOf } from './project.ts';

// The backends of docs/start are made as their pages say, in a folder of their own, and called.

const root = join(import.meta.dirname, '../..');
const pageOf = (name: string) => readFileSync(join(root, 'docs/start', `${name}.md`), 'utf8');
const site = { secret, issuer: 'http://localhost:8888', deployContexts: ['dev'] as const };

let folder: string;
let port: number;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-start-'));
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  ({ port } = server.address() as { port: number });
  await new Promise((resolve) => server.close(resolve));
});
afterEach(async () => {
  if (child?.pid !== undefined && child.exitCode === null) {
    const gone = new Promise((resolve) => child?.once('close', resolve));
    // Its group: a server that reloads, and `go run`, have a child.
    process.kill(-child.pid, 'SIGKILL');
    await gone;
  }
  child = undefined;
  await rm(folder, { recursive: true, force: true });
});

/** Writes the files that a page shows; the first line of each names it. One that is there is added to. */
async function writeShown(name: string, language: string): Promise<void> {
  for (const code of blocksOf(pageOf(name), language)) {
    const path = /^(?:#|\/\/) ([\w./]+)\n/.exec(code)?.[1];
    expect(path, code).toBeDefined();
    const file = join(folder, path ?? '');
    await mkdir(dirname(file), { recursive: true });
    const isSettings = file.endsWith('settings.py');
    await (isSettings ? appendFile : writeFile)(file, code.replace('8000', String(port)));
  }
}

function run(command: string, args: readonly string[], env: Record<string, string> = {}): void {
  child = spawn(command, args, {
    cwd: folder,
    detached: true,
    stdio: 'ignore',
    env: { ...process.env, DAYPASS_SECRET: secret, ...env },
  });
}

/** The status and the body of a call with a token, or without one. */
async function call(token?: string): Promise<[number, Record<string, unknown>]> {
  const response = await fetch(`http://127.0.0.1:${port}/api/hello`, {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}

async function expectProtected(): Promise<void> {
  await expect
    .poll(() =>
      call().then(
        ([status]) => status,
        () => 'nobody',
      ),
    )
    .toBe(401);
  const token = await mintToken(site);
  expect(await call(token)).toEqual([
    200,
    { message: 'Hello, visitor.', you: expect.stringMatching(/^anon_/) },
  ]);
  const [status, problem] = await call(await mintToken({ ...site, issuer: 'https://elsewhere.example' }));
  expect([status, problem.type]).toEqual([
    401,
    `https://github.com/daypass/daypass/blob/main/docs/errors.md#${problem.code}`,
  ]);
}

test('Node', async () => {
  await writeShown('node', 'js');
  await mkdir(join(folder, 'node_modules/@hono'), { recursive: true });
  for (const name of ['hono', '@hono/node-server'])
    await symlink(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  await build({
    entryPoints: [join(root, 'src/package/hono.ts')],
    outfile: join(folder, 'node_modules/daypass/hono.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['hono'],
  });
  await writeFile(
    join(folder, 'node_modules/daypass/package.json'),
    JSON.stringify({ name: 'daypass', exports: { './hono': './hono.mjs' } }),
  );
  run(process.execPath, ['server.mjs']);
  await expectProtected();
});

describeWith('python 3.10')('in Python', () => {
  let python: string;
  beforeAll(async () => {
    python = await preparePython();
  });

  test('Django', async () => {
    await promisify(execFile)(python, ['-m', 'django', 'startproject', 'backend', '.'], { cwd: folder });
    await writeShown('django', 'python');
    run(python, ['manage.py', 'runserver', '--noreload', String(port)]);
    await expectProtected();
  });

  test('FastAPI', async () => {
    await writeShown('fastapi', 'python');
    const code = `
import json, sys
from fastapi.testclient import TestClient
from main import app
for token in ["", *sys.argv[1:]]:
    answer = TestClient(app).get("/api/hello", headers={"authorization": f"Bearer {token}"} if token else {})
    print(json.dumps([answer.status_code, answer.json().get("message") or answer.json()["code"]]))
`;
    const tokens = [await mintToken(site), await mintToken({ ...site, audience: 'other' })];
    const { stdout } = await promisify(execFile)(python, ['-c', code, ...tokens], {
      cwd: folder,
      env: { ...process.env, DAYPASS_SECRET: secret },
    });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers).toEqual([
      [401, 'token_missing'],
      [200, 'Hello, visitor.'],
      [401, 'token_audience'],
    ]);
  });
});

describeWith('go 1.23')('in Go', () => {
  test('a module of two files that were copied, and its own', async () => {
    const source = join(root, 'examples/verify/go');
    for (const name of ['verify.go', 'middleware.go', 'go.mod', 'go.sum'])
      cpSync(join(source, name), join(folder, name));
    await writeShown('go', 'go');
    const [, version = ''] = /golang-jwt\/jwt\/v5@(\S+)/.exec(pageOf('go')) ?? [];
    expect(readFileSync(join(source, 'go.mod'), 'utf8')).toContain(`golang-jwt/jwt/v5 ${version}`);
    run('go', ['run', '-buildvcs=false', '-mod=readonly', '.']);
    await expectProtected();
  });
});

afterAll(() => expect(child).toBeUndefined());
