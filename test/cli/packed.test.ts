import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { eventCommand } from '../../cli/commands/event.ts';
import { policyCommand } from '../../cli/commands/policy.ts';
import { secretCommand } from '../../cli/commands/secret.ts';
import { tokenCommand } from '../../cli/commands/token.ts';
import { verifyCommand } from '../../cli/commands/verify.ts';
import { commands } from '../../cli/main.ts';
import { listen } from '../../dev/listen.ts';
import { root } from '../../scripts/bundle.ts';
import { installPacked, packPackage } from '../support/packed.ts';
import { otherSecret, privateSecret, secret } from '../support/tokens.ts';

// `npx daypass` of the packed file, in a project of somebody else's.

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-npx-'));
  const { tarball } = await packPackage('daypass', folder);
  await installPacked(folder, 'daypass', tarball);
  // As npm links what `bin` of the package names.
  const { bin } = JSON.parse(readFileSync(join(folder, 'node_modules/daypass/package.json'), 'utf8'));
  mkdirSync(join(folder, 'node_modules/.bin'));
  symlinkSync(join('../daypass', bin.daypass), join(folder, 'node_modules/.bin/daypass'));
  write('package.json', '{ "type": "module", "private": true }');
  write(
    'daypass.config.ts',
    `import { definePolicy, type PolicyInput } from 'daypass/netlify';
     const input: PolicyInput = {
       audiences: { api: { secret: 'DAYPASS_SECRET', secondarySecret: 'DAYPASS_SECRET_SECONDARY', scopes: ['write'] } },
     };
     export default definePolicy(input);`,
  );
  write(
    '.env',
    `DAYPASS_SECRET=${secret}
DAYPASS_SECRET_SECONDARY=${otherSecret}
DAYPASS_PRIVATE_SECRET=${privateSecret}
UPSTASH_REDIS_REST_URL=https://redis.example
UPSTASH_REDIS_REST_TOKEN=token
DAYPASS_UPSTREAM=https://api.example
URL=https://your-site.example`,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

/** Runs a line of shell in the project. */
function sh(line: string, more: Record<string, string> = {}) {
  const { PATH = '', HOME = '' } = process.env;
  const env = {
    HOME,
    PATH: `${join(root, 'node_modules/.bin')}:${PATH}`,
    npm_config_offline: 'true',
    ...more,
  };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8', env });
  return { status, stdout, stderr };
}

test('help names every command', () => {
  const { status, stdout, stderr } = sh('npx daypass --help');
  expect([status, stderr]).toEqual([0, '']);
  for (const { name, summary } of commands)
    expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
});

test('colours are for terminals, unless a variable says otherwise', () => {
  const hasColours = (env: Record<string, string>) =>
    sh('npx daypass --help', env).stdout.includes('\u001b[');
  expect([hasColours({}), hasColours({ FORCE_COLOR: '1' })]).toEqual([false, true]);
  expect([hasColours({ FORCE_COLOR: '0' }), hasColours({ FORCE_COLOR: '1', NO_COLOR: '1' })]).toEqual([
    false,
    false,
  ]);
});

test('who reads no further is no error', () => {
  const { stderr } = sh('npx daypass policy --json | true; npx daypass token --env-file .env | true');
  expect(stderr).not.toContain('EPIPE');
});

test('a secret is all that is on standard output', () => {
  const { status, stdout } = sh('npx daypass secret');
  expect([status, stdout]).toEqual([0, expect.stringMatching(/^[\w-]{43}\n$/)]);
});

test('a policy in TypeScript is loaded, with the Daypass that the project has', () => {
  const { status, stdout, stderr } = sh('npx daypass policy');
  expect([status, stderr]).toEqual([0, 'daypass.config.ts is fine.\n']);
  expect(stdout).toContain("scopes: ['write'], // default: []");
  write(
    'wrong.ts',
    `import { definePolicy } from 'daypass/netlify'; export default definePolicy({ mode: 'off' as never });`,
  );
  const wrong = sh('npx daypass policy --config wrong.ts');
  expect([wrong.status, wrong.stdout]).toEqual([1, '']);
  expect(wrong.stderr).toMatch(
    /^error: wrong\.ts has 1 mistake:\n {2}mode: must be one of enforce, monitor\n$/,
  );
});

test.each([
  ['commonjs, as npm init writes it', '{ "type": "commonjs" }'],
  ['of no type', '{}'],
])('a policy in a package %s is loaded, with what it imports, and without a warning', (_what, manifest) => {
  write('package.json', manifest);
  onTestFinished(() => write('package.json', '{ "type": "module", "private": true }'));
  write(
    'routes.ts',
    `import type { PolicyInput } from 'daypass/netlify'; export const routes: PolicyInput['routes'] = [{ path: '/v2/*' }];`,
  );
  const policy = `import { definePolicy } from 'daypass/netlify'; import { routes } from './routes.ts'; export default definePolicy({ routes });`;
  for (const name of ['ours.ts', 'ours.js']) {
    write(name, policy);
    const { status, stdout, stderr } = sh(`npx daypass policy --config ${name}`);
    expect([status, stderr]).toEqual([0, `${name} is fine.\n`]);
    expect(stdout).toContain('/v2/*');
  }
});

test('a mistake of syntax is told with its file and line', () => {
  write(
    'broken.ts',
    `import { definePolicy } from 'daypass/netlify';\n\nexport default definePolicy({ routes: [ });\n`,
  );
  const { status, stderr } = sh('npx daypass policy --config broken.ts');
  expect([status, stderr]).toEqual([
    1,
    'error: broken.ts cannot be loaded: broken.ts:3: Expression expected.\n',
  ]);
  write('imports.ts', `import './broken.ts';\n`);
  expect(sh('npx daypass policy --config imports.ts').stderr).toBe(
    'error: imports.ts cannot be loaded: broken.ts:3: Expression expected.\n',
  );
});

test('a Node that strips no types says what to do', () => {
  const { status, stderr } = sh('npx daypass policy', { NODE_OPTIONS: '--no-experimental-strip-types' });
  expect([status, stderr]).toEqual([1, expect.stringContaining('NODE_OPTIONS=--experimental-strip-types')]);
});

test('a mistake is one line and 64', () => {
  const { status, stdout, stderr } = sh('npx daypass secrte');
  expect([status, stdout, stderr]).toEqual([
    64,
    '',
    'error: There is no command secrte; did you mean secret?\n',
  ]);
});

/** What needs a Mac, a backend, a build or a Netlify of one's own; and what ends so for a reason. */
const elsewhere = /pbpaste|curl|npm run build|--rotate --step add/;

const runnable = [secretCommand, policyCommand, tokenCommand, verifyCommand].flatMap(({ examples }) =>
  examples.filter((example) => !elsewhere.test(example)),
);

test.each(runnable)('%s works as it stands', (example) => {
  const token = sh('npx daypass token --deploy-context production --yes --env-file .env').stdout.trim();
  write('token.txt', `${token}\n`);
  const { status, stderr } = sh(example.replace(/^daypass/, 'npx daypass'), { TOKEN: token });
  // No broker began the session of a minted token; without the secrets, nobody can tell.
  const ofVerify = example.includes('--env-file') ? 1 : 2;
  const expected = example.includes('daypass verify') ? ofVerify : 0;
  expect([status, status === expected ? '' : stderr]).toEqual([expected, '']);
  expect(stderr).not.toMatch(new RegExp([secret, otherSecret, privateSecret].join('|')));
});

test('the first step of a rotation works where none has begun', () => {
  expect(sh('npx daypass secret --rotate --step add').status).toBe(0);
});

test('events are sent to a running server', async () => {
  const seen: string[] = [];
  const server = await listen(async (request) => {
    seen.push(request.headers.get('x-netlify-event') ?? '');
    return new Response();
  });
  try {
    const example = eventCommand.examples.find((each) => each.includes('--url')) ?? '';
    const line = example.replace('http://localhost:8888', server.url).replace(/^daypass/, 'npx daypass');
    const child = spawn('sh', ['-c', line], {
      cwd: folder,
      env: { ...process.env, npm_config_offline: 'true' },
    });
    const [code] = await once(child, 'close');
    expect([code, seen]).toEqual([0, ['identity_login']]);
  } finally {
    await server.close();
  }
});
