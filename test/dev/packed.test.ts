import { execFileSync, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { buildPackage } from '../../scripts/buildPackage.ts';
import { root } from '../../scripts/bundle.ts';

// `daypass-dev` as npm packs it, in a folder of somebody else's: no TypeScript of ours is there to be stripped of its types,
// which Node does nowhere below node_modules.

const site: Readonly<Record<string, string>> = {
  'package.json': '{ "private": true }',
  'netlify.toml': '[build]\n  publish = "public"\n',
  'public/index.html': '<h1>A shop</h1>',
  'daypass.config.ts': `
    import { definePolicy } from 'daypass/netlify';
    import { path } from './settings';
    // More than types to strip: an enum is code.
    enum Backend { Shop = 'SHOP_BACKEND' }
    export default definePolicy({ routes: [{ path, upstream: Backend.Shop }] });`,
  'settings/index.ts': `import data from './routes.json';\nexport const path: string = data.path;`,
  'settings/routes.json': '{ "path": "/api/*" }',
  'netlify/functions/session.ts': `
    import { createBroker } from 'daypass/netlify';
    export default createBroker(() => import('../../daypass.config'));
    export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };`,
  'netlify/edge-functions/gate.ts': `
    import { createGate } from 'daypass/netlify';
    import policy from '../../daypass.config.ts';
    export default createGate(policy);
    export const config = { path: '/api/*' };`,
};

const consumer = `
import { createServer } from 'node:http';
import { once } from 'node:events';
import {
  type DevServerOptions, OptionsError, startDevIdentity, startDevRedis, startDevServer, startDevTurnstile,
} from 'daypass-dev';

const seen: Record<string, unknown> = {};
const identity = await startDevIdentity({ autoconfirm: true });
const body = JSON.stringify({ email: 'ada@x.example', password: 'correct-horse-battery' });
seen.signUp = (await fetch(identity.url + '/signup', { method: 'POST', body })).status;
seen.users = identity.users.count();
await identity.close();

const redis = await startDevRedis({ backend: 'memory' });
const command = { method: 'POST', headers: { authorization: 'Bearer ' + redis.token } };
await fetch(redis.url, { ...command, body: '["SET","a","1"]' });
seen.redis = await (await fetch(redis.url, { ...command, body: '["GET","a"]' })).json();
await redis.close();

const turnstile = await startDevTurnstile({ secretKey: 'of-the-widget' });
const form = new URLSearchParams({ secret: 'of-the-widget', response: turnstile.issueToken() });
seen.turnstile = ((await (await fetch(turnstile.url, { method: 'POST', body: form })).json()) as { success: boolean }).success;
await turnstile.close();

const backend = createServer((request, response) => response.end('backend: ' + request.url));
backend.listen(0, '127.0.0.1');
await once(backend, 'listening');
const { port } = backend.address() as { port: number };
const options: DevServerOptions = { root: 'site', upstream: 'http://127.0.0.1:' + port, redisBackend: 'memory', output: () => {} };
const server = await startDevServer(options);
const get = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(server.url + path, { headers });
  return [answer.status, await answer.text()] as const;
};
seen.page = await get('/');
seen.status = JSON.parse((await get('/session/status'))[1]).ok;
seen.without = (await get('/api/cart'))[0];
const signUp = { email: crypto.randomUUID() + '@visitor.invalid', password: crypto.randomUUID() };
const at = (path: string, body: BodyInit) => fetch(server.url + path, { method: 'POST', body });
await at('/.netlify/identity/signup', JSON.stringify(signUp));
const logIn = new URLSearchParams({ grant_type: 'password', username: signUp.email, password: signUp.password });
const user = (await (await at('/.netlify/identity/token', logIn)).json()) as { access_token: string };
const exchanged = JSON.parse((await get('/session/token', { authorization: 'Bearer ' + user.access_token }))[1]);
seen.called = await get('/api/cart', { authorization: 'Bearer ' + exchanged.access_token });
await server.close();
backend.close();
// @ts-expect-error there is no such option
seen.refused = await startDevServer({ rooot: '.' }).catch((error: unknown) => error instanceof OptionsError);
console.log(JSON.stringify(seen));
`;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'daypass-dev-consumer-'));
  const modules = join(folder, 'node_modules');
  await mkdir(modules, { recursive: true });
  const pack = ['pack', '--silent', '-w', 'daypass-dev', '--pack-destination', folder];
  const packed = execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }).trim().split('\n').at(-1) ?? '';
  await mkdir(join(modules, 'daypass-dev'));
  const unpack = ['xzf', join(folder, packed), '-C', join(modules, 'daypass-dev'), '--strip-components=1'];
  execFileSync('tar', unpack);
  // What the packed manifest names, and nothing else of this repository's.
  const { dependencies } = JSON.parse(readFileSync(join(modules, 'daypass-dev/package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), '@upstash/ratelimit', '@upstash/redis', 'altcha-lib']) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  await buildPackage(join(modules, 'daypass/dist/npm'));
  await cp(join(root, 'package.json'), join(modules, 'daypass/package.json'));
  for (const [name, text] of Object.entries(site)) {
    await mkdir(dirname(join(folder, 'site', name)), { recursive: true });
    writeFileSync(join(folder, 'site', name), text);
  }
  writeFileSync(join(folder, 'main.mts'), consumer);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds JavaScript, types and its licence, and no source', () => {
  const held = globSync('**/*', {
    cwd: join(folder, 'node_modules/daypass-dev'),
    exclude: ['**/node_modules'],
  });
  expect(held).toEqual(expect.arrayContaining(['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']));
  expect(held).toContain('dist/server/worker.js');
  expect(held.filter((name) => /(?<!\.d)\.ts$/.test(name))).toEqual([]);
});

test.each([
  ['bundler', 'esnext'],
  ['nodenext', 'nodenext'],
])('type-checks under %s, the declarations too', (moduleResolution, module) => {
  const compilerOptions = {
    module,
    moduleResolution,
    target: 'es2022',
    lib: ['es2023', 'dom', 'dom.iterable'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    strict: true,
    noEmit: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['main.mts'] }));
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], { encoding: 'utf8' });
  expect([stdout, status]).toEqual(['', 0]);
});

test('each stand-in starts, and the dev server serves a site: a visitor gets through the gate', () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['main.mts'], { cwd: folder, encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toEqual({
    signUp: 200,
    users: 1,
    redis: { result: '1' },
    turnstile: true,
    page: [200, '<h1>A shop</h1>'],
    status: true,
    without: 401,
    called: [200, 'backend: /api/cart'],
    refused: true,
  });
});
