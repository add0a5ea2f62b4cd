import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildClient } from '../../scripts/buildClient.ts';
import { buildPackage } from '../../scripts/buildPackage.ts';
import { root } from '../../scripts/bundle.ts';

// The packed file, installed in a project of somebody else's.

const consumer = `
import { createSession, type Prove, SessionError, type Session, type SessionOptions } from 'daypass';
import { requireAccessToken as requireInExpress } from 'daypass/express';
import { requireAccessToken } from 'daypass/hono';
import { createIdentityAdmin, defineIdentityEvents } from 'daypass/identity';
import { createBroker, createGate, createSignupGuard, definePolicy, protect } from 'daypass/netlify';
import type { Admission, ErrorCode, NetlifyEdgeHandler, ProofKind, ProofOfWork, StatsResponse, StatusResponse,
  SweepResponse } from 'daypass/netlify';
import { prove } from 'daypass/proof';
import { createFakeSession, mintToken, type FakeSession } from 'daypass/testing';
import { createVerifier, verifyAccessToken } from 'daypass/verify';

const options: SessionOptions = { identityUrl: 'https://a.example/i', brokerUrl: 'https://a.example/s', prove };
export const lazily: Prove = async (context) => (await import('daypass/proof')).prove(context);
const session: Session = createSession(options);
// There is no page here; it is asked for nothing yet.
export const ofThePage: Session = createSession();
const stop: () => void = session.on('renewed', (token) => token.expires_in.toFixed());
session.on('error', (error) => error.code satisfies string);
session.on('error', ({ url = '', requestId = '', retryAfterSeconds = 0 }) => [url, requestId, retryAfterSeconds]);
session.on('refused', ({ path, code }) => path + code);
session.on('proof', ({ fraction, milliseconds = 0 }) => fraction + milliseconds);
export const admission: Admission = { proof: 'proof-of-work' satisfies ProofKind, proofOfWork: {} satisfies ProofOfWork };
export const guard: NetlifyEdgeHandler = createSignupGuard(definePolicy({ admission }));
export type Answers = [StatsResponse, StatusResponse, SweepResponse, ErrorCode];
// @ts-expect-error there is no such event
session.on('nothing', () => {});
// @ts-expect-error there is no such option
export const mistyped: SessionOptions = { brokerURL: '/session' };
stop();
// The same class, whichever of the two it is imported from.
export const fake: FakeSession & Session = createFakeSession({ fetch: async () => new Response() });
fake.failWith('network_error');
const failed = await fake.token().catch((error: unknown) => error instanceof SessionError);
const functions = [createBroker, createGate, definePolicy, protect, requireAccessToken, requireInExpress, createVerifier,
  createIdentityAdmin, defineIdentityEvents, prove];
functions.push(mintToken as never);
console.log(failed && [SessionError, verifyAccessToken, ...functions].every((each) => typeof each === 'function'));
`;

let folder: string;

beforeAll(async () => {
  await Promise.all([buildClient(), buildPackage()]);
  folder = mkdtempSync(join(tmpdir(), 'daypass-consumer-'));
  const packed = execFileSync('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  const installed = join(folder, 'node_modules/daypass');
  await mkdir(installed, { recursive: true });
  execFileSync('tar', ['xzf', join(folder, packed), '-C', installed, '--strip-components=1']);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const name of Object.keys(dependencies)) {
    const [scope = ''] = name.split('/');
    if (scope !== name) await mkdir(join(folder, 'node_modules', scope), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'main.mts'), consumer);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['bundler', 'esnext'],
  ['nodenext', 'nodenext'],
])('type-checks under %s, the declarations too', (moduleResolution, module) => {
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.mts'] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect([stdout, status]).toEqual(['', 0]);
});

test('runs in Node', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['main.mts'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'test' },
  });
  expect([stdout, stderr]).toEqual(['true\n', '']);
});

test.each(['daypass.js', 'daypass-more.js', 'daypass-proof.js', 'daypass-solver.js'])(
  'holds the script-tag build: %s',
  (name) => {
    const script = readFileSync(join(folder, 'node_modules/daypass/dist', name), 'utf8');
    expect(script).toBe(readFileSync(join(root, 'dist', name), 'utf8'));
  },
);

test('holds the solver where bundlers look for it', () => {
  const proof = join(folder, 'node_modules/daypass/dist/npm/client/proof');
  expect(existsSync(join(proof, 'solver.js'))).toBe(true);
  expect(readFileSync(join(proof, 'prove.js'), 'utf8')).toContain(
    "new Worker(new URL('./solver.js', import.meta.url), { type: 'module' })",
  );
});
