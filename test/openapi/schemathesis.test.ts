import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../demo/startDemo.ts';
import { readSettings } from '../../dev/server/settings.ts';
import { prepareEnvironment } from '../../examples/django/launcher/prepareEnvironment.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { defaultLimits } from '../../src/policy/limits.ts';
import { introspectionSecret } from '../../src/token/keys.ts';
import { describeWith } from '../support/optional.ts';
import { documentFile } from './generate.ts';

// schemathesis.io sends what the description allows, and what it forbids, to the running dev stack: the answers must be
// among those that it names. Seeded and bounded: each run sends the same.

const seed = 1;
const maxExamples = 30;

const generous = { limit: 1_000_000, windowSeconds: 60 };
const { leaseSeconds: _, ...limited } = defaultLimits;
const policy = definePolicy({
  audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['hello'] } },
  limits: Object.fromEntries(Object.keys(limited).map((name) => [name, generous])),
});

/** Checks that take for a fault what is none. */
const leftOut = [
  // A valid form may hold a token that no one issued: 400 by RFC 8693 §2.2.2.
  'positive_data_acceptance',
];

describeWith('schemathesis')('the running stack keeps to docs/openapi.json', () => {
  let folder: string;
  let program: string;
  let server: DemoServer;
  const settings = readSettings({ PORT: '0' }, policy);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'daypass-schemathesis-'));
    const environment = {
      folder: 'schemathesis',
      requirements: join(import.meta.dirname, 'requirements.txt'),
    };
    const python = await prepareEnvironment(() => undefined, environment);
    program = join(dirname(python), 'st');
    server = await startDemo(settings, policy, { output: () => undefined });
  });
  afterAll(async () => {
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** @returns what it found, and how many calls it made */
  function run(...options: string[]): Promise<{ output: string; calls: number }> {
    const args = [
      'run',
      documentFile,
      '--url',
      server.url,
      '--seed',
      String(seed),
      '--max-examples',
      String(maxExamples),
    ];
    const checks = [
      '--checks',
      'all',
      '--exclude-checks',
      leftOut.join(),
      '--phases',
      'examples,coverage,fuzzing',
    ];
    // Its cache of found failures would change what the next run sends.
    const settled = ['--no-color', '--continue-on-failure', '--generation-database', 'none'];
    return new Promise((resolve) => {
      execFile(
        program,
        [...args, ...checks, ...settled, ...options],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          const calls = Number(/(\d+) generated/.exec(stdout)?.[1] ?? 0);
          resolve({ output: error ? stdout + stderr : '', calls });
        },
      );
    });
  }

  /** An access token of a visitor of the site. */
  async function accessToken(): Promise<string> {
    const user = { email: `${crypto.randomUUID()}@visitor.invalid`, password: crypto.randomUUID() };
    const identity = `${server.url}/.netlify/identity`;
    await fetch(`${identity}/signup`, { method: 'POST', body: JSON.stringify(user) });
    const form = new URLSearchParams({
      grant_type: 'password',
      username: user.email,
      password: user.password,
    });
    const loggedIn = (await (
      await fetch(`${identity}/token`, { method: 'POST', body: form })
    ).json()) as Record<string, string>;
    const headers = { authorization: `Bearer ${loggedIn.access_token}` };
    const answer = await (await fetch(`${server.url}/session/token`, { headers })).json();
    return (answer as { access_token: string }).access_token;
  }

  test('for anybody', async () => {
    const { output, calls } = await run('--exclude-path-regex', '/api/|introspect|sweep|stats');
    expect(output).toBe('');
    expect(calls).toBeGreaterThan(100);
  });

  test('for a backend that introspects', async () => {
    const key = await introspectionSecret(settings.secrets.DAYPASS_PRIVATE_SECRET ?? '', 'api');
    const { output, calls } = await run('--include-path-regex', 'introspect', '--auth', `api:${key}`);
    expect(output).toBe('');
    expect(calls).toBeGreaterThan(20);
  });

  test('for the owner of the site', async () => {
    const bearer = `Authorization: Bearer ${server.maintenanceBearer}`;
    const { output, calls } = await run('--include-path-regex', 'sweep|stats', '--header', bearer);
    expect(output).toBe('');
    expect(calls).toBeGreaterThan(20);
  });

  test('at the gate, with a pass', async () => {
    const bearer = `Authorization: Bearer ${await accessToken()}`;
    const { output, calls } = await run('--include-path-regex', '/api/', '--header', bearer);
    expect(output).toBe('');
    expect(calls).toBeGreaterThan(100);
  });

  test('at the gate, without one', async () => {
    const { output, calls } = await run('--include-path-regex', '/api/');
    expect(output).toBe('');
    expect(calls).toBeGreaterThan(100);
  });
});
