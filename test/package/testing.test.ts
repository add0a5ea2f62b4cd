import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Session } from '../../client/index.ts';
import { requireAccessToken } from '../../src/package/hono.ts';
import {
  bearerHeaders,
  createFakeSession,
  makeAccessToken,
  mintToken,
  type SessionError,
} from '../../src/package/testing.ts';
import { createVerifier } from '../../src/package/verify.ts';
import { issuer, secret } from '../support/tokens.ts';

const entry = join(import.meta.dirname, '../../src/package/testing.ts');

/** Loads it in a process of its own, with these variables. */
function load(variables: Record<string, string>) {
  const script = `import(${JSON.stringify(entry)}).then(() => console.log('loaded'), (error) => console.log(error.name, error.code, error.message))`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, ...variables },
  });
  return stdout.trim();
}

test('a server cannot load it by accident', () => {
  expect(load({})).toMatch(/^ConfigurationError not_configured daypass\/testing is for tests/);
  expect(load({ CONTEXT: 'production' })).toContain('the deploy context (CONTEXT) is production');
  expect(load({ NODE_ENV: 'production' })).toContain('NODE_ENV is production');
  expect(load({ DAYPASS_TESTING: '1', NODE_ENV: 'production' })).toBe('loaded');
  expect(load({ NODE_ENV: 'test' })).toBe('loaded');
});

test('its tokens open what the package protects', async () => {
  const options = { secret, issuer };
  const { Hono } = await import('hono');
  const app = new Hono().get('/', requireAccessToken({ ...options, scope: 'write' }), (c) => c.text('in'));
  const request = async (scopes: string[]) =>
    app.request('/', { headers: await bearerHeaders(options, { scopes }) });
  expect((await request(['write'])).status).toBe(200);
  expect((await request(['read'])).status).toBe(403);
  const { subject } = await makeAccessToken(options, { scopes: ['write'] });
  expect(subject).toMatch(/^anon_/);
  const said = await createVerifier(options)(await mintToken(options, { subject }));
  expect(said.subject).toBe(subject);
});

test('the fake session stands wherever a session does', async () => {
  const session: Session = createFakeSession();
  await session.fetch('/api/hello');
  const fake = createFakeSession();
  fake.failWith('network_error');
  const error = await fake.token().catch((thrown: SessionError) => thrown);
  expect(error).toMatchObject({ name: 'SessionError', code: 'network_error' });
});
