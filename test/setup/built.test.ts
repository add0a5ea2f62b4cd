import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { type DevServer, startDevServer } from '../../dev/index.ts';
import { findDeno } from '../harness/netlify/deno.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { type BuiltFunctions, buildFunctions } from './support/buildFunctions.ts';
import { type FreshProject, makeFreshProject } from './support/freshProject.ts';

// What a deploy would run: a project fresh from `init`, its functions and edge functions as Netlify's bundlers build them.

const secrets = {
  DAYPASS_SECRET: 'wq1pKlJ4mV8s0tYbEoZcRx7uNhGd2aLf',
  DAYPASS_PRIVATE_SECRET: 'T5xkVd9qWm3rZb6yNc8sPf1hLj4gQa0u',
};

interface Deployed {
  built: BuiltFunctions;
  upstream: Upstream;
  site: DevServer;
}

const packageTypes = ['module', 'commonjs'] as const;
const deployed = new Map<string, Deployed>();
const undo: (() => Promise<unknown>)[] = [];

// At once: most of it is Netlify's bundler, which asks for the network three times before it does without.
beforeAll(() => Promise.all(packageTypes.map(async (type) => deployed.set(type, await deploy(type)))));
afterAll(async () => {
  for (const each of undo.toReversed()) await each();
});

async function deploy(type: string): Promise<Deployed> {
  const files = { 'package.json': JSON.stringify({ type }), 'index.html': '<h1>A shop</h1>\n' };
  const project: FreshProject = await makeFreshProject({ files }, ['daypass']);
  undo.push(project.remove);
  await project.daypass('init', '--yes', '--with', 'guard,identity,sweep');
  const out = await mkdtemp(join(tmpdir(), 'daypass-built-'));
  undo.push(() => rm(out, { recursive: true, force: true, maxRetries: 5 }));
  const built = await buildFunctions(project.folder, out);
  const upstream = await startUpstream((response) => response.end('{"message":"Hello, visitor."}'));
  undo.push(upstream.close);
  const site = await startDevServer({
    root: built.site,
    // By which the stand-ins know what the site reads. The functions have theirs in them.
    config: join(project.folder, 'daypass.config.ts'),
    upstream: upstream.url.href,
    redisBackend: 'memory',
    variables: secrets,
    output: () => undefined,
  });
  undo.push(site.close);
  return { built, upstream, site };
}

// `commonjs` is what `npm init` writes.
describe.each(packageTypes)('in a package of type %s', (type) => {
  const get = () => deployed.get(type) as Deployed;

  test('Netlify reads routes, schedule and events from the entry files', () => {
    const { built } = get();
    expect(built.manifest).toEqual([
      { name: 'identity', patterns: [], events: ['identity_validate'] },
      { name: 'session', patterns: ['/session/*', '/.well-known/oauth-authorization-server'] },
      { name: 'sweep', patterns: [], schedule: '@hourly' },
    ]);
    expect(built.edge.functions).toEqual({
      gate: 'netlify/edge-functions/gate.ts',
      guard: 'netlify/edge-functions/guard.ts',
    });
  });

  test('the built broker exchanges what the built identity function let in, and the built gate lets it through', async () => {
    const { built, site, upstream } = get();
    const edge = await startEdge(built, site);
    const without = await fetch(`${edge}/api/hello`);
    expect([without.status, await without.json()]).toMatchObject([401, { code: 'token_missing' }]);
    expect(upstream.received).toEqual([]);

    const token = await getPass(edge);
    const called = await fetch(`${edge}/api/hello`, { headers: { authorization: `Bearer ${token}` } });
    expect([called.status, await called.json()]).toEqual([200, { message: 'Hello, visitor.' }]);
    expect(upstream.received.map(({ url }) => url)).toEqual(['/api/hello']);

    const revoked = await fetch(`${site.url}/session/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token }),
    });
    expect(revoked.status).toBe(200);
    const again = await fetch(`${edge}/api/hello`, { headers: { authorization: `Bearer ${token}` } });
    expect([again.status, await again.json()]).toMatchObject([401, { code: 'token_revoked' }]);
  });

  test('the built guard refuses what no page sends', async () => {
    const { built, site } = get();
    const edge = await startEdge(built, site);
    const answer = await fetch(`${edge}/.netlify/identity/signup`, {
      method: 'POST',
      headers: { 'x-jwt-aud': 'another' },
      body: '{}',
    });
    expect([answer.status, await answer.json()]).toMatchObject([403, { error_code: 'audience_refused' }]);
  });

  test('the status says that all is configured', async () => {
    const status = await (await fetch(`${get().site.url}/session/status`)).json();
    expect(status).toMatchObject({ ok: true });
  });
});

/** @returns where the edge functions answer, with the site behind them */
async function startEdge({ edge }: BuiltFunctions, { url, parts }: DevServer): Promise<string> {
  const { path } = await findDeno();
  const modules = Object.keys(edge.functions).map((name) => join(edge.folder, edge.functions[name] ?? ''));
  const server = join(import.meta.dirname, 'support/serveEdge.ts');
  const options = [
    '--no-lock',
    '--no-check',
    '--no-prompt',
    '--unstable-no-legacy-abort',
    '--config',
    join(edge.folder, 'deno.json'),
  ];
  const child = spawn(
    path,
    [
      'run',
      ...options,
      '--allow-net=127.0.0.1,localhost',
      '--allow-read',
      '--allow-env',
      server,
      url,
      ...modules,
    ],
    {
      env: {
        ...parts.environment,
        PATH: process.env.PATH,
        HOME: out(edge),
        DENO_DIR: out(edge),
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void child.kill());
  for await (const line of createInterface({ input: child.stdout })) {
    const port = /^listening on (\d+)$/.exec(line)?.[1];
    if (port !== undefined) return `http://127.0.0.1:${port}`;
  }
  throw new Error('The edge functions did not start.');
}

const out = (edge: BuiltFunctions['edge']) => join(edge.folder, '../deno');

/** A pass, by sign-up, log-in and exchange. */
async function getPass(origin: string): Promise<string> {
  const email = `${crypto.randomUUID()}@visitor.invalid`;
  const password = crypto.randomUUID();
  const post = async (path: string, body: BodyInit, headers: Record<string, string> = {}) => {
    const answer = await fetch(origin + path, { method: 'POST', body, headers });
    expect(answer.status, path).toBe(200);
    return (await answer.json()) as { access_token: string };
  };
  await post('/.netlify/identity/signup', JSON.stringify({ email, password }));
  const logIn = new URLSearchParams({ grant_type: 'password', username: email, password });
  const user = await post('/.netlify/identity/token', logIn);
  const exchange = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: user.access_token,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
  });
  return (await post('/session/token', exchange)).access_token;
}
