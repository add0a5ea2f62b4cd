import { expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import {
  createKeyRing,
  introspectionSecret,
  maintenanceBearer,
  secretWeakness,
} from '../../../src/token/keys.ts';
import { createTestIo } from '../support/testIo.ts';

const privateSecret = 'Zk1vQ2hXb3JkcyBhcmUgbm90IHNlY3JldHMgYXQgYWxs';

async function run(args: readonly string[], env: Record<string, string> = {}) {
  const io = createTestIo({ env });
  const exitCode = await main(['secret', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('a secret is strong, new each time, and alone on standard output', async () => {
  const [first, second] = [await run([]), await run([])];
  expect(first.exitCode).toBe(0);
  expect(first.out).toMatch(/^[\w-]{43}\n$/);
  expect(secretWeakness(first.out.trim())).toBeUndefined();
  expect(second.out).not.toBe(first.out);
  expect(first.error).toContain('DAYPASS_PRIVATE_SECRET');
  expect(first.error).not.toContain(first.out.trim());
});

test('the key id is the kid of its tokens', async () => {
  const { secret, keyId } = JSON.parse((await run(['--json'])).out);
  const { primary } = await createKeyRing({ audience: 'api', secret });
  expect(keyId).toBe(primary.id);
});

test('derived secrets are those that the site derives', async () => {
  const env = { DAYPASS_PRIVATE_SECRET: privateSecret };
  const introspection = await run(['--introspection', 'api'], env);
  expect(introspection.out).toBe(`${await introspectionSecret(privateSecret, 'api')}\n`);
  const maintenance = await run(['--maintenance', '--json'], env);
  expect(JSON.parse(maintenance.out)).toEqual({ secret: await maintenanceBearer(privateSecret) });
  for (const { exitCode, error } of [introspection, maintenance]) {
    expect(exitCode).toBe(0);
    expect(error).not.toContain(privateSecret);
  }
});

test.each([
  [['--maintenance'], {}, 64, 'DAYPASS_PRIVATE_SECRET is missing'],
  [['--introspection', 'a b'], { DAYPASS_PRIVATE_SECRET: privateSecret }, 1, 'audience must be a name'],
  [['--maintenance'], { DAYPASS_PRIVATE_SECRET: 'short' }, 1, 'is shorter than 32 bytes'],
  [
    ['--maintenance', '--introspection', 'api'],
    { DAYPASS_PRIVATE_SECRET: privateSecret },
    64,
    'one at a time',
  ],
])('%j with %j ends with %i', async (args, env, exitCode, message) => {
  const failed = await run(args, env as Record<string, string>);
  expect([failed.exitCode, failed.out]).toEqual([exitCode, '']);
  expect(failed.error).toContain(message);
});
