import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../../dev/listen.ts';
import type { DevServer } from '../../../dev/server/serveSite.ts';
import { startDevServer } from '../../../dev/server/start.ts';
import { buildPackage } from '../../../scripts/buildPackage.ts';
import { root } from '../../../scripts/bundle.ts';
import { exchange, logIn, signUp } from '../../support/recipe.ts';

// A site of somebody else's, in a folder of its own, with the package linked into it.

const linked = join(root, 'dist/linked');
const files: Readonly<Record<string, string>> = {
  'netlify.toml': '[build]\n  command = "true"\n  publish = "public"\n',
  'public/index.html': '<h1>A shop</h1>',
  'daypass.config.ts': `
    import { definePolicy } from 'daypass/netlify';
    import { routes } from './settings/routes';
    export default definePolicy({ routes, audiences: { shop: { secret: 'SHOP_SECRET' } } });`,
  'settings/routes.ts': `export const routes = [{ path: '/api/*', upstream: 'SHOP_BACKEND' }];`,
  'netlify/functions/session.ts': `
    import { createBroker } from 'daypass/netlify';
    export default createBroker(() => import('../../daypass.config.ts'));
    export const config = { path: ['/session/*', '/.well-known/oauth-authorization-server'] };`,
  'netlify/functions/members.ts': `
    export default {
      userLogin: ({ user }) => ({ user: { ...user, appMetadata: { ...user.appMetadata, seen: user.email } } }),
      userSignup: ({ user, deny }) => (user.email.startsWith('denied') ? deny() : undefined),
    };`,
  'netlify/functions/report.ts': `
    declare const Netlify: any;
    let calls = 0;
    export default async (request: Request, context: any) => {
      calls += 1;
      const { searchParams } = new URL(request.url);
      if (searchParams.has('throw')) throw new Error('thrown by the site');
      if (searchParams.has('die')) setTimeout(() => { throw new Error('nobody caught this'); });
      return Response.json({
        calls,
        url: request.url,
        body: await request.text(),
        forged: request.headers.get('x-nf-forged'),
        variable: Netlify.env.get('SHOP_NAME') ?? null,
        own: Netlify.env.get('SHOP_API_KEY') ?? null,
        ofThisProcess: process.env.SHOP_SECRET === Netlify.env.get('SHOP_SECRET'),
        during: Netlify.context?.requestId === context.requestId,
        identity: typeof (globalThis as any).netlifyIdentityContext?.token,
        ip: context.ip,
        params: context.params,
        site: context.site,
        deploy: context.deploy.context,
      });
    };
    export const config = { path: ['/report/:what', '/report'], method: ['GET', 'POST'], excludedPath: '/report/not' };`,
  'netlify/functions/slow.ts': `
    export default (_request: Request, context: any) => {
      const wait = 'go' in context.params ? fetch(decodeURIComponent(context.params.go)) : undefined;
      const body = new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode('begun, '));
          await wait;
          controller.enqueue(new TextEncoder().encode('finished'));
          controller.close();
        },
      });
      return new Response(body);
    };
    export const config = { path: '/slow/:go' };`,
  'netlify/functions/plain.mjs': `export default () => new Response('plain');`,
  'netlify/edge-functions/gate.ts': `
    import { createGate } from 'daypass/netlify';
    import policy from '../../daypass.config';
    export default createGate(policy);
    export const config = { path: '/api/*' };`,
  'netlify/edge-functions/header.ts': `
    export default async (request, context) => {
      if (request.headers.has('x-throw')) throw new Error('thrown at the edge');
      const answer = await context.next();
      answer.headers.set('x-edge', String(globalThis.Netlify.context));
      return answer;
    };
    export const config = { path: ['/', '/report', '/plain-of-the-edge'], onError: 'bypass' };`,
};

const secret = 'Yk3nVtEw8rQm1pXs6uHc0dJf5gLb2aZo';
let folder: string;
let backend: Listening;
let goOn: () => void = () => undefined;
const mayGoOn = new Promise<void>((resolve) => {
  goOn = resolve;
});
let end: () => void = () => undefined;
const mayEnd = new Promise<void>((resolve) => {
  end = resolve;
});
let site: DevServer;
const output: string[] = [];

beforeAll(async () => {
  await buildPackage(join(linked, 'dist/npm'));
  await writeFile(join(linked, 'package.json'), await readFile(join(root, 'package.json')));
  folder = await mkdtemp(join(tmpdir(), 'daypass-site-'));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  await mkdir(join(folder, 'node_modules'));
  await symlink(linked, join(folder, 'node_modules/daypass'));
  backend = await listen(async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === '/go') await mayGoOn;
    if (pathname === '/later') await mayEnd;
    return Response.json({ path: pathname, token: request.headers.get('authorization') });
  });
  site = await startDevServer({
    root: folder,
    upstream: backend.url,
    redisBackend: 'memory',
    variables: { SHOP_SECRET: secret, SHOP_API_KEY: 'of the site alone', SHOP_UNSET: undefined },
    output: (line) => output.push(line),
  });
});
afterAll(async () => {
  await site?.close();
  await backend?.close();
  await rm(folder, { recursive: true });
});

const report = async (path: string, init?: RequestInit) => (await fetch(site.url + path, init)).json();

test('a visitor signs up, exchanges, and gets through the gate to the backend', async () => {
  expect((await fetch(`${site.url}/api/cart`)).status).toBe(401);
  const answer = await exchange(site.url, await logIn(site.url, await signUp(site.url)));
  const { access_token: token } = (await answer.json()) as { access_token: string };
  const called = await fetch(`${site.url}/api/cart`, { headers: { authorization: `Bearer ${token}` } });
  expect([called.status, await called.json()]).toEqual([
    200,
    { path: '/api/cart', token: `Bearer ${token}` },
  ]);
  expect(site.parts.identity?.users.count()).toBe(0);
});

test('all is configured: secrets that nobody named are made', async () => {
  expect(await report('/session/status')).toMatchObject({ ok: true });
});

test('a function sees what Netlify gives it, and nothing that a caller says in its name', async () => {
  const headers = { 'x-nf-forged': 'yes', 'x-nf-client-connection-ip': '203.0.113.9' };
  const seen = await report('/report/shoes?a=1', { method: 'POST', body: 'size 43', headers });
  expect(seen).toMatchObject({
    url: `${site.url}/report/shoes?a=1`,
    body: 'size 43',
    forged: null,
    own: 'of the site alone',
    ofThisProcess: true,
    during: true,
    identity: 'string',
    ip: '127.0.0.1',
    params: { what: 'shoes' },
    site: { url: site.url },
    deploy: 'dev',
  });
  expect(process.env.SHOP_SECRET).toBeUndefined();
});

test('a function remembers, as a warm instance does', async () => {
  const [first, second] = [await report('/report'), await report('/report')];
  expect(second.calls).toBe(first.calls + 1);
});

test.each([
  ['a method that it does not take', '/report', 'PUT', 404],
  ['a path that it leaves out', '/report/not', 'GET', 404],
  ['a function without a path, by its name', '/.netlify/functions/plain', 'GET', 200],
  ['an event function, as a stranger', '/.netlify/functions/members', 'POST', 401],
  ['nothing', '/nothing', 'GET', 404],
])('%s', async (_, path, method, status) => {
  expect((await fetch(site.url + path, { method })).status).toBe(status);
});

test('files of the published folder; an edge function stands before them, and before functions', async () => {
  const page = await fetch(site.url);
  expect([await page.text(), page.headers.get('x-edge')]).toEqual(['<h1>A shop</h1>', 'null']);
  expect((await fetch(`${site.url}/report`)).headers.get('x-edge')).toBe('null');
  expect((await fetch(`${site.url}/netlify.toml`)).status).toBe(404);
});

test('an edge function that throws is passed by where it says so; a function that throws is a 500', async () => {
  const bypassed = await fetch(`${site.url}/report`, { headers: { 'x-throw': 'yes' } });
  expect([bypassed.status, bypassed.headers.get('x-edge')]).toEqual([200, null]);
  const thrown = await fetch(`${site.url}/report?throw`);
  expect([thrown.status, await thrown.text()]).toEqual([500, 'report failed; the log says why.\n']);
  await expect.poll(() => output.join('\n')).toMatch(/thrown at the edge[\s\S]*thrown by the site/);
});

test('its event functions are asked by Identity, change users, and deny', async () => {
  const post = (path: string, body: string | URLSearchParams) =>
    fetch(`${site.url}/.netlify/identity${path}`, { method: 'POST', body });
  const password = 'correct-horse-battery';
  const denied = JSON.stringify({ email: 'denied@x.example', password });
  expect((await post('/signup', denied)).status).toBe(422);
  expect((await post('/signup', JSON.stringify({ email: 'ada@x.example', password }))).status).toBe(200);
  await post('/token', new URLSearchParams({ grant_type: 'password', username: 'ada@x.example', password }));
  expect(site.parts.identity?.users.list()).toMatchObject([
    { email: 'ada@x.example', appMetadata: { provider: 'email', seen: 'ada@x.example' } },
  ]);
});

test('what nobody caught ends the functions and not the server: they begin anew', async () => {
  await fetch(`${site.url}/report?die`).catch(() => undefined);
  await expect.poll(() => output.join('\n')).toContain('nobody caught this');
  await expect.poll(async () => (await report('/report').catch(() => undefined))?.calls).toBeLessThan(5);
});

test('another configuration is in force from its reload on', async () => {
  const config = join(folder, 'other.config.ts');
  await writeFile(
    config,
    `import { definePolicy } from 'daypass/netlify';
    export default definePolicy({
      audiences: { shop: { secret: 'SHOP_SECRET' } },
      routes: [{ path: '/api/*', upstream: 'SHOP_BACKEND', verify: false }],
    });`,
  );
  const slow = await fetch(`${site.url}/slow/${encodeURIComponent(`${backend.url}/go`)}`);
  await site.reload(config);
  expect((await fetch(`${site.url}/api/cart`)).status).toBe(200);
  // An answer that has begun is finished by the functions that began it.
  goOn();
  expect(await slow.text()).toBe('begun, finished');
});

test('a crash ends functions that were replaced and still answer, too', async () => {
  const slow = await fetch(`${site.url}/slow/${encodeURIComponent(`${backend.url}/later`)}`);
  await site.reload();
  await site.crash();
  end();
  await expect(slow.text()).rejects.toThrow();
});

test('a configuration at fault is told, and changes nothing', async () => {
  const config = join(folder, 'broken.config.ts');
  await writeFile(config, `throw new TypeError('the policy is wrong');`);
  await expect(site.reload(config)).rejects.toThrow('the policy is wrong');
  expect((await fetch(`${site.url}/api/cart`)).status).toBe(200);
  await site.crash();
  expect((await fetch(`${site.url}/api/cart`)).status).toBe(200);
});

test('a site at fault does not start, and says which file is', async () => {
  const broken = await mkdtemp(join(tmpdir(), 'daypass-site-'));
  await mkdir(join(broken, 'netlify/functions'), { recursive: true });
  await writeFile(
    join(broken, 'netlify/functions/typo.ts'),
    `import './missing.ts'; export default () => 1;`,
  );
  const starting = startDevServer({ root: broken, redisBackend: 'memory', output: () => undefined });
  await expect(starting).rejects.toThrow(/netlify\/functions\/typo\.ts could not be loaded: .*missing\.ts/);
  await writeFile(join(broken, 'daypass.config.ts'), `throw new TypeError('the policy is wrong');`);
  const again = startDevServer({ root: broken, redisBackend: 'memory', output: () => undefined });
  await expect(again).rejects.toThrow('the policy is wrong');
  await rm(broken, { recursive: true });
});

test.each<[string, unknown, RegExp]>([
  ['no root', {}, /root must be the folder/],
  ['a root that is not there', { root: '/nowhere/at/all' }, /root must be the folder/],
  ['a misspelt option', { root: '.', upstreem: 'http://x' }, /did you mean upstream\?/],
  ['an upstream that is no URL', { root: '.', upstream: 'localhost:9000' }, /upstream must be an http/],
  ['a port that is none', { root: '.', port: '80' }, /port must be/],
  ['no options', undefined, /must be an object/],
])('%s is told at once', async (_, options, message) => {
  await expect(startDevServer(options as never)).rejects.toThrow(message);
});
