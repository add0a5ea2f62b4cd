import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/bundle.ts';
import { blocksOf } from '../docs/project.ts';
import { installPacked, packPackage } from '../support/packed.ts';

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
import { type Daypass, DaypassProvider, type DaypassProviderProps, useDaypass } from 'daypass/react';
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
  createIdentityAdmin, defineIdentityEvents, prove, DaypassProvider, useDaypass];
export const props: DaypassProviderProps = { session };
export const reading = ({ session, status, error, proof }: Daypass) =>
  [session.fetch, status satisfies string, error?.remedy, proof?.fraction];
functions.push(mintToken as never);
console.log(failed && [SessionError, verifyAccessToken, ...functions].every((each) => typeof each === 'function'));
`;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'daypass-consumer-'));
  const { tarball } = await packPackage('daypass', folder);
  await installPacked(folder, 'daypass', tarball, ['react', '@types/react']);
  await writeFile(join(folder, 'main.mts'), consumer);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const resolutions = [
  ['bundler', 'esnext'],
  ['nodenext', 'nodenext'],
];

/** What the compiler says of files in the project; its settings are those of a strict project. */
async function typeCheck(
  compilerOptions: object,
  files: string[],
): Promise<[output: string, status: number | null]> {
  const strict = {
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: [],
    strict: true,
    noEmit: true,
  };
  const config = { compilerOptions: { ...strict, ...compilerOptions }, files };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  return [stdout, status];
}

test.each(resolutions)('type-checks under %s, the declarations too', async (moduleResolution, module) => {
  expect(await typeCheck({ module, moduleResolution }, ['main.mts'])).toEqual(['', 0]);
});

const shown = ['README.md', 'docs/backends.md', 'docs/deploy.md', 'docs/testing.md']
  .map((name) => readFileSync(join(root, name), 'utf8'))
  .flatMap((text) => blocksOf(text, 'ts'));

/** Of Express, the examples need no more; the middleware itself is tried with it in test/express. */
const expressStub = `declare module 'express' {
  export default function express(): {
    use(path: string, middleware: unknown): void;
    get(path: string, handler: (request: Express.Request, response: { json(value: unknown): void }) => void): void;
  };
}
`;

test.each(resolutions)(
  'the TypeScript of the documents type-checks under %s',
  async (moduleResolution, module) => {
    const functions = join(folder, 'netlify/functions');
    await mkdir(functions, { recursive: true });
    const files = shown.map((_, index) => `netlify/functions/block${index}.ts`);
    await Promise.all(files.map((file, index) => writeFile(join(folder, file), shown[index] ?? '')));
    const policy = shown.find((code) => code.includes('export default definePolicy('));
    await writeFile(
      join(folder, 'daypass.config.ts'),
      policy ?? "export { definePolicy } from 'daypass/netlify';\n",
    );
    await writeFile(join(folder, 'express.d.ts'), expressStub);
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
    await mkdir(join(folder, 'node_modules/@types'), { recursive: true });
    const nodeTypes = join(folder, 'node_modules/@types/node');
    if (!existsSync(nodeTypes)) await symlink(join(root, 'node_modules/@types/node'), nodeTypes);
    const options = {
      module,
      moduleResolution,
      types: ['node'],
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    };
    expect(await typeCheck(options, [...files, 'express.d.ts'])).toEqual(['', 0]);
  },
);

const subpaths = Object.keys(JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => subpath.replace('.', 'daypass'));

test('each subpath is imported above', () => {
  const imported = [...consumer.matchAll(/from '(daypass[^']*)'/g)].map(([, specifier]) => specifier);
  expect([...new Set(imported)].sort()).toEqual([...subpaths].sort());
});

test('CommonJS loads each by require, typed too', async () => {
  const code = subpaths
    .map(
      (subpath, index) =>
        `import each${index} = require('${subpath}');\nconsole.log(Object.keys(each${index}).length > 0);`,
    )
    .join('\n');
  await writeFile(
    join(folder, 'main.cts'),
    `declare const console: { log(value: unknown): void };\n${code}\n`,
  );
  expect(await typeCheck({ module: 'nodenext' }, ['main.cts'])).toEqual(['', 0]);
  const required = `console.log(${subpaths.map((subpath) => `Object.keys(require('${subpath}')).length > 0`).join(', ')});`;
  await writeFile(join(folder, 'main.cjs'), required);
  expect(runNode('main.cjs')).toEqual([`${subpaths.map(() => 'true').join(' ')}\n`, '']);
});

/** What a file of the project prints. */
function runNode(file: string): [stdout: string, stderr: string] {
  const { stdout, stderr } = spawnSync(process.execPath, [file], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_ENV: 'test' },
  });
  return [stdout, stderr];
}

test('runs in Node', () => {
  expect(runNode('main.mts')).toEqual(['true\n', '']);
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
