import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Listening, listen } from '../../../dev/listen.ts';
import {
  type DevEvent,
  type DevSession,
  type DevSessionOptions,
  startDevSession,
} from '../../../dev/session/session.ts';
import { describeWith } from '../../support/optional.ts';
import { exchange, logIn, signUp } from '../../support/recipe.ts';
import { makeSite, type SiteFolder, siteFiles } from '../support/siteFolder.ts';

let site: SiteFolder;
let backend: Listening;
let session: DevSession | undefined;
let events: DevEvent[];

beforeAll(async () => {
  site = await makeSite();
  backend = await listen((request) => Response.json({ path: new URL(request.url).pathname }));
});
afterAll(async () => {
  await backend?.close();
  site?.remove();
});
afterEach(async () => {
  await session?.close();
  session = undefined;
  site.write(siteFiles);
});

async function start(options: Partial<DevSessionOptions> = {}): Promise<DevSession> {
  events = [];
  session = await startDevSession({
    root: site.path,
    redisBackend: 'memory',
    upstream: backend.url,
    variables: { PATH: process.env.PATH },
    onEvent: (event) => events.push(event),
    ...options,
  });
  return session;
}

const eventsOf = <K extends DevEvent['kind']>(kind: K) =>
  events.filter((event): event is Extract<DevEvent, { kind: K }> => event.kind === kind);

async function passOf({ url }: DevSession): Promise<string> {
  const answer = await exchange(url, await logIn(url, await signUp(url)));
  return ((await answer.json()) as { access_token: string }).access_token;
}

const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

/** A dev server as Vite is: pages, and another protocol on the same port. */
const pagesCommand = [
  process.execPath,
  '-e',
  `const server = require('node:http').createServer((request, response) => response.end('page ' + request.url));
  server.on('upgrade', (request, socket, head) => {
    socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n');
    socket.write(request.url + ' ' + request.headers['sec-websocket-protocol'] + ' ' + head);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1', () => console.log('Local: http://127.0.0.1:' + server.address().port + '/'));`,
];

function upgrade(url: string): Promise<{ status: number; socket: Socket }> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: 'echo', 'sec-websocket-protocol': 'vite-hmr' };
    const sent = startRequest(url, { headers });
    sent.on('upgrade', (response, socket, head) => {
      // What came along with the answer.
      socket.unshift(head);
      resolve({ status: response.statusCode ?? 0, socket });
    });
    sent.on('response', (response) => resolve({ status: response.statusCode ?? 0, socket: response.socket }));
    sent.on('error', reject);
    sent.end();
  });
}

test('a line for each request: session, route, answer, code and remedy, and nothing secret', async () => {
  const running = await start();
  await fetch(`${running.url}/api/cart?secret=1`);
  const token = await passOf(running);
  await fetch(`${running.url}/api/cart`, bearer(token));
  await fetch(`${running.url}/api/other/one`, bearer(token));
  await fetch(`${running.url}/`);
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const who = sub.slice(0, 11);
  const none = { code: undefined, remedy: undefined };
  const identity = '/.netlify/identity/*';
  const requests = eventsOf('request').filter(({ path }) => !/\/(user|settings)$/.test(path));
  expect(requests.map(({ kind, ...entry }) => entry)).toEqual([
    {
      method: 'GET',
      path: '/api/cart',
      route: '/api/cart',
      session: undefined,
      status: 401,
      code: 'token_missing',
      remedy: expect.stringContaining('daypass.js'),
    },
    {
      method: 'POST',
      path: '/.netlify/identity/signup',
      route: identity,
      session: undefined,
      status: 200,
      ...none,
    },
    {
      method: 'POST',
      path: '/.netlify/identity/token',
      route: identity,
      session: undefined,
      status: 200,
      ...none,
    },
    { method: 'POST', path: '/session/token', route: '/session/*', session: who, status: 200, ...none },
    { method: 'GET', path: '/api/cart', route: '/api/cart', session: who, status: 200, ...none },
    { method: 'GET', path: '/api/other/one', route: '/api/*', session: who, status: 200, ...none },
  ]);
  const told = JSON.stringify(events);
  for (const secret of [token, sub, ...running.backends.map((each) => each.secret)]) {
    expect(told).not.toContain(secret);
  }
});

test('a remedy says whether the gate refused or the backend, and what that one needs', async () => {
  const refusing = await listen(() =>
    Response.json({ code: 'token_signature' }, { status: 401, headers: { 'x-of': 'backend' } }),
  );
  try {
    const running = await start({ upstream: refusing.url });
    const token = await passOf(running);
    const answer = await fetch(`${running.url}/api/cart`, bearer(token));
    expect([await answer.json(), answer.headers.get('x-of')]).toEqual([
      { code: 'token_signature' },
      'backend',
    ]);
    expect([...answer.headers.keys()].join()).not.toContain('daypass-dev');
    await fetch(`${running.url}/api/cart`, bearer(`${token.slice(0, -4)}AAAA`));
    const [ofBackend, ofGate] = eventsOf('request').filter(({ code }) => code === 'token_signature');
    expect(ofBackend?.remedy).toBe(
      'Your backend refused it, not the gate. Give the backend the same DAYPASS_SECRET: the one printed at the start, or the one that you have set here.',
    );
    expect(ofGate?.remedy).toMatch(/^The token is of another run or another site: reload the page/);
  } finally {
    await session?.close();
    await refusing.close();
  }
});

test('codes of a backend of its own are not taken for those of Daypass', async () => {
  const other = await listen(() => Response.json({ code: 'not_found' }, { status: 404 }));
  try {
    const running = await start({ upstream: other.url });
    await fetch(`${running.url}/api/cart`, bearer(await passOf(running)));
    expect(eventsOf('request').at(-1)).toMatchObject({ status: 404, code: 'not_found', remedy: undefined });
  } finally {
    await session?.close();
    await other.close();
  }
});

test('a refusal is the same to the page whether it is told or not, and says more where that is asked for', async () => {
  const plain = await start();
  const refused = await fetch(`${plain.url}/api/cart`);
  expect(await refused.json()).toMatchObject({ code: 'token_missing', status: 401 });
  expect(refused.headers.get('www-authenticate')).toMatch('Bearer');
  await plain.close();
  site.write({
    'netlify/functions/broken.ts': `export default () => { throw new Error('of the site'); };`,
  });
  const open = await start({ exposeErrors: true });
  const exposed = await fetch(`${open.url}/api/cart`);
  expect(await exposed.json()).toMatchObject({
    code: 'token_missing',
    remedy: expect.stringContaining('daypass.js'),
  });
  const thrown = await (await fetch(`${open.url}/.netlify/functions/broken`)).text();
  expect(thrown).toMatch(/^broken failed: Error: of the site\n +at .*broken\.ts:1:/);
});

describe('in front of a dev command', () => {
  test('pages are its own, and its hot reload passes; functions stand before it', async () => {
    const running = await start({ command: pagesCommand });
    expect(running.pages).toMatchObject({ kind: 'command', target: expect.stringMatching(/^http:\/\/127/) });
    expect(await (await fetch(`${running.url}/src/app.ts?t=1`)).text()).toBe('page /src/app.ts?t=1');
    expect((await fetch(`${running.url}/api/cart`)).status).toBe(401);
    const { status, socket } = await upgrade(`${running.url}/hmr?token=x`);
    expect(status).toBe(101);
    let received = '';
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
    });
    socket.write('hello');
    await expect.poll(() => received).toBe('/hmr?token=x vite-hmr hello');
    const closed = once(socket, 'close');
    await running.close();
    await closed;
    await expect(fetch((running.pages as { target: string }).target)).rejects.toThrow();
  });

  test('a WebSocket at a route of the gate is refused by the gate', async () => {
    const running = await start({ command: pagesCommand });
    const { status } = await upgrade(`${running.url}/api/cart`);
    expect(status).toBe(401);
    expect(eventsOf('request')).toMatchObject([{ route: '/api/cart', code: 'token_missing' }]);
  });

  test('one that ends takes the session with it, with its exit code', async () => {
    const running = await start({
      command: pagesCommand.with(2, `${pagesCommand[2]} setTimeout(() => process.exit(4), 500);`),
    });
    expect(await running.ended).toBe('The command of the pages ended with 4.');
  });

  test('one that does not come up ends everything', async () => {
    await expect(start({ command: ['sh', '-c', 'echo no such page; exit 5'] })).rejects.toThrow(
      'ended with 5',
    );
    expect(eventsOf('line')).toContainEqual({
      kind: 'line',
      from: 'pages',
      line: 'no such page',
      stream: 'stdout',
    });
  });
});

describeWith('python3')('a Django project', () => {
  // What `manage.py runserver` is to us: a program that serves where it is told, with what its environment says.
  const manage = `
import http.server, json, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        names = ("DAYPASS_SECRET", "DAYPASS_ISSUER", "VIRTUAL")
        self.wfile.write(json.dumps([sys.argv[1], *map(os.environ.get, names)]).encode())
if os.environ.get("FAILS"): sys.exit("no such database")
if os.environ.get("HANGS"):
    import time
    print("waiting for the database", flush=True)
    time.sleep(600)
host, port = sys.argv[2].split(":")
print("Watching for file changes")
http.server.HTTPServer((host, int(port)), Handler).serve_forever()
`;
  let project: string;
  beforeAll(() => {
    project = mkdtempSync(join(tmpdir(), 'daypass-django-'));
    writeFileSync(join(project, 'manage.py'), manage);
    mkdirSync(join(project, '.venv/bin'), { recursive: true });
    writeFileSync(join(project, '.venv/bin/python'), '#!/bin/sh\nVIRTUAL=yes exec python3 "$@"\n', {
      mode: 0o755,
    });
  });
  afterAll(() => rmSync(project, { recursive: true, force: true }));

  async function freePort(): Promise<string> {
    const server = await listen(() => new Response());
    await server.close();
    return server.url;
  }

  test('is started by its own Python, knows secret and issuer, and ends with the session', async () => {
    const upstream = await freePort();
    const running = await start({ django: project, runserver: true, upstream });
    const called = await fetch(`${running.url}/api/cart`, bearer(await passOf(running)));
    const secret = running.backends[0]?.secret;
    expect(await called.json()).toEqual(['runserver', secret, running.issuer, 'yes']);
    expect(running.django?.environment).toEqual([
      `DAYPASS_SECRET=${secret}`,
      `DAYPASS_ISSUER=${running.issuer}`,
    ]);
    await expect
      .poll(() => eventsOf('line'))
      .toContainEqual({
        kind: 'line',
        from: 'django',
        line: 'Watching for file changes',
        stream: 'stdout',
      });
    await running.close();
    await expect(fetch(upstream)).rejects.toThrow();
  });

  test('one that hangs at its start ends with the signal', async () => {
    const stopping = new AbortController();
    const starting = start({
      django: project,
      runserver: true,
      upstream: await freePort(),
      variables: { PATH: process.env.PATH, HANGS: '1' },
      signal: stopping.signal,
    });
    await expect
      .poll(() => eventsOf('line'))
      .toContainEqual(expect.objectContaining({ line: 'waiting for the database' }));
    stopping.abort();
    await expect(starting).rejects.toThrow(/manage\.py runserver .* ended with/);
  });

  test('one that does not start, or whose place is taken, ends everything', async () => {
    const failing = { PATH: process.env.PATH, FAILS: '1' };
    const options = { django: project, runserver: true };
    await expect(start({ ...options, upstream: await freePort(), variables: failing })).rejects.toThrow(
      /manage\.py runserver .* ended with 1/,
    );
    expect(eventsOf('line')).toContainEqual(expect.objectContaining({ line: 'no such database' }));
    await expect(start(options)).rejects.toThrow(/Something serves at .* already/);
  });
});

describe('when files change', () => {
  test('functions restart: with what they import, the policy, and a new function; a mistake changes nothing', async () => {
    site.write({
      'lib/word.ts': `export const word = 'one';`,
      'netlify/functions/say.ts': `
        import { word } from '../../lib/word';
        export default () => new Response(word);
        export const config = { path: '/say' };`,
    });
    const running = await start();
    const say = async () => (await fetch(`${running.url}/say`)).text();
    expect(await say()).toBe('one');
    site.write({ 'lib/word.ts': `export const word = 'two';` });
    await expect.poll(say).toBe('two');
    site.write({ 'lib/word.ts': 'export const word =' });
    await expect.poll(() => eventsOf('reload').at(-1)?.error).toMatch(/word\.ts/);
    expect(await say()).toBe('two');
    site.write({ 'lib/word.ts': `export const word = 'three';` });
    await expect.poll(say).toBe('three');
    site.write({ 'netlify/functions/new.ts': `export default () => new Response('new');` });
    await expect.poll(async () => (await fetch(`${running.url}/.netlify/functions/new`)).text()).toBe('new');
    expect(eventsOf('reload').at(-1)?.files).toEqual([
      join(running.server.url && site.path, 'netlify/functions/new.ts'),
    ]);
  });

  test('a new module that cannot be loaded is watched until it can', async () => {
    const running = await start();
    site.write({ 'shared/broken.ts': 'export const word = ;' });
    site.write({
      'netlify/functions/new.ts': `
        import { word } from '../../shared/broken.ts';
        export default () => new Response(word);`,
    });
    await expect.poll(() => eventsOf('reload').at(-1)?.error).toMatch(/new\.ts/);
    site.write({ 'shared/broken.ts': `export const word = 'whole';` });
    const say = async () => (await fetch(`${running.url}/.netlify/functions/new`)).text();
    await expect.poll(say).toBe('whole');
  });

  test('an event function that is added is called from then on', async () => {
    const running = await start();
    const signUp = async () => {
      const user = { email: `${crypto.randomUUID()}@example.com`, password: 'a password' };
      const body = JSON.stringify(user);
      return (await fetch(`${running.url}/.netlify/identity/signup`, { method: 'POST', body })).status;
    };
    expect(await signUp()).toBe(200);
    site.write({
      'netlify/functions/identity.ts': `
        export default { userValidate: (event) => event.deny() };`,
    });
    await expect.poll(signUp).not.toBe(200);
    rmSync(join(site.path, 'netlify/functions/identity.ts'));
    await expect.poll(signUp).toBe(200);
  });

  test('a policy that names another backend and secret gets them', async () => {
    const running = await start();
    site.write({
      'daypass.config.ts': `
        import { definePolicy } from 'daypass/netlify';
        export default definePolicy({
          audiences: { shop: { secret: 'SHOP_SECRET' } },
          routes: [{ path: '/api/*', upstream: 'SHOP_BACKEND' }],
        });`,
    });
    await expect.poll(() => eventsOf('reload')).toEqual([expect.objectContaining({ error: undefined })]);
    const called = await fetch(`${running.url}/api/cart`, bearer(await passOf(running)));
    expect(await called.json()).toEqual({ path: '/api/cart' });
  });

  test('redirects of netlify.toml hold at once', async () => {
    const running = await start();
    expect((await fetch(`${running.url}/old`)).status).toBe(404);
    site.write({ 'netlify.toml': '[build]\npublish = "public"\n[[redirects]]\nfrom = "/old"\nto = "/"\n' });
    await expect.poll(async () => (await fetch(`${running.url}/old`)).status).toBe(200);
  });
});

describe('secrets and variables', () => {
  test('secrets that were made stay the same, are for this user alone, and Git passes them over', async () => {
    const first = await start();
    const [backendOf] = first.backends;
    expect(backendOf).toMatchObject({ audience: 'api', variable: 'DAYPASS_SECRET', isMade: true });
    await first.close();
    const second = await start();
    expect(second.backends).toEqual(first.backends);
    const folder = join(site.path, '.netlify/daypass-dev');
    expect(statSync(join(folder, '.env.secrets.json')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('*\n');
  });

  test('those of .env are used, and real parts that it names are not', async () => {
    const secret = 'Zl3x-9vQm7Kd2pWc8sNf4tYb6uHj1gRa';
    site.write({
      '.env': `DAYPASS_SECRET=not-this-one\nWORD=file\nUPSTASH_REDIS_REST_URL=https://real.example\nUPSTASH_REDIS_REST_TOKEN=t\n`,
      '.env.local': `DAYPASS_SECRET=${secret}\n`,
      'netlify/functions/word.ts': `export default () => Response.json([process.env.WORD, process.env.OTHER]);`,
    });
    try {
      const running = await start({ variables: { PATH: process.env.PATH, OTHER: 'given' } });
      expect(running.backends).toEqual([
        { audience: 'api', variable: 'DAYPASS_SECRET', secret, isMade: false },
      ]);
      const words = await (await fetch(`${running.url}/.netlify/functions/word`)).json();
      expect(words).toEqual(['file', 'given']);
      expect(running.parts.join()).toContain('in-memory Redis');
      expect(eventsOf('notice').map(({ text }) => text)).toEqual([
        expect.stringContaining('UPSTASH_REDIS_REST_TOKEN, UPSTASH_REDIS_REST_URL of .env: not used here'),
      ]);
    } finally {
      site.write({ '.env': '', '.env.local': '' });
    }
  });
});

test.each<[string, Partial<DevSessionOptions>, RegExp]>([
  ['a misspelt option', { upstreem: 'http://x' } as never, /did you mean upstream\?/],
  ['a target that is none', { target: 'vite' }, /target must be the port or the http URL/],
  ['a folder and a command', { publish: '.', command: ['vite'] }, /leave out either/],
  ['a folder that is not there', { publish: '/nowhere/at/all' }, /there is no \/nowhere/],
  ['runserver without a project', { runserver: true }, /runserver needs django/],
  ['a project that is not Django', { django: '.' }, /django must be a folder with manage\.py/],
])('%s is told at once', async (_, options, message) => {
  await expect(start(options)).rejects.toThrow(message);
});

test('a port in use is told, and nothing is left', async () => {
  const port = Number(new URL(backend.url).port);
  const starting = start({ port, command: pagesCommand });
  await expect(starting).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use.`);
  expect(existsSync(join(site.path, 'netlify.toml'))).toBe(true);
});
