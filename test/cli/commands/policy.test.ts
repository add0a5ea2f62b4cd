import { expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import { loadPolicy } from '../../../cli/policy/load.ts';
import { otherSecret, privateSecret, secret } from '../../support/tokens.ts';
import { configText, createFolder } from '../support/project.ts';
import { createTestIo } from '../support/testIo.ts';

async function run(files: Record<string, string>, args: readonly string[] = [], env = {}) {
  const io = createTestIo({ cwd: createFolder(files), env });
  const exitCode = await main(['policy', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('a sound policy is printed with its defaults', async () => {
  const files = { 'daypass.config.ts': configText('{ accessToken: { ttlSeconds: 600 } }') };
  const { exitCode, out, error } = await run(files);
  expect([exitCode, error]).toEqual([0, 'daypass.config.ts is fine.\n']);
  expect(out).toContain('ttlSeconds: 600');
  expect(out).toContain('session: { limit: 60, windowSeconds: 60');
  expect(await run(files, ['--quiet'])).toEqual({ exitCode: 0, out: '', error: '' });
  const json = JSON.parse((await run(files, ['--json'])).out);
  expect(json).toMatchObject({ file: 'daypass.config.ts', policy: { mode: 'enforce' }, warnings: [] });
});

test('a weakness is told, also when nothing else is, and ends with 2', async () => {
  const files = { 'daypass.config.ts': configText("{ mode: 'monitor' }") };
  const { exitCode, out, error } = await run(files, ['--quiet']);
  expect([exitCode, out]).toEqual([2, '']);
  expect(error).toMatch(/^warning: The mode is monitor: .* \(mode_monitor\)\n$/);
  const json = await run(files, ['--json']);
  expect([json.exitCode, JSON.parse(json.out).warnings[0].id]).toEqual([2, 'mode_monitor']);
});

test('mistakes are all told, without a stack, and end with 1', async () => {
  const files = {
    'daypass.config.ts': configText("{ mode: 'off', accessToken: { ttlSeconds: 1 } } as never"),
  };
  const { exitCode, out, error } = await run(files);
  expect([exitCode, out]).toEqual([1, '']);
  expect(error).toMatch(
    /^error: daypass\.config\.ts has 2 mistakes:\n {2}accessToken\.ttlSeconds: .+\n {2}mode: .+\n$/,
  );
  const { code, problems } = JSON.parse((await run(files, ['--json'])).out).error;
  expect([code, problems.length]).toEqual(['policy_invalid', 2]);
});

test.each([
  ['export default {};', 'policy_invalid', 'daypass.config.ts must say: export default definePolicy({ … });'],
  ['export const policy = 1;', 'policy_invalid', 'must say: export default definePolicy'],
  ["throw new Error('so it is');", 'policy_not_loaded', 'cannot be loaded: so it is.'],
  ["import 'not-there';", 'policy_not_loaded', 'cannot be loaded: '],
  ["import 'daypass/netlify';", 'policy_not_loaded', 'Install it: npm install daypass.'],
  ['export default definePolicy(;', 'policy_not_loaded', 'cannot be loaded: '],
])('%s ends with %s', async (text, code, message) => {
  // As a file of JavaScript, which Node itself loads: a test runner has error messages of its own.
  const { exitCode, out } = await run({ 'daypass.config.mjs': text }, [
    '--json',
    '--config',
    'daypass.config.mjs',
  ]);
  const { error } = JSON.parse(out);
  expect([exitCode, error.code]).toEqual([1, code]);
  expect(error.message).toContain(message.replace('config.ts', 'config.mjs'));
  expect(error.message).not.toContain('    at ');
});

test('without a file, it is wrong usage', async () => {
  const none = await run({});
  expect(none.exitCode).toBe(64);
  expect(none.error).toContain('There is no daypass.config.ts in ');
  const other = await run({ 'daypass.config.ts': configText('') }, ['--config', 'other.ts']);
  expect(other.exitCode).toBe(64);
  expect(other.error).toContain('--config: there is no other.ts');
});

test('another file, and one of JavaScript, is loaded all the same', async () => {
  expect((await run({ 'other.ts': configText('') }, ['--config', 'other.ts'])).exitCode).toBe(0);
});

test('a Node that reads no TypeScript is told what to do', async () => {
  const cwd = createFolder({ 'daypass.config.ts': configText('') });
  const loading = loadPolicy({ cwd }, { config: undefined, otherwise: 'refuse', readsTypeScript: false });
  await expect(loading).rejects.toMatchObject({
    code: 'node_too_old',
    message: expect.stringMatching(/Use Node 22\.18 or later; .*NODE_OPTIONS=--experimental-strip-types/),
  });
});

test('the variables are checked on request, and none is shown', async () => {
  const files = { 'daypass.config.ts': configText('') };
  const env = {
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: 'https://redis.example',
    UPSTASH_REDIS_REST_TOKEN: 'token',
    DAYPASS_UPSTREAM: 'https://api.example',
  };
  expect((await run(files, ['--check-env', '--quiet'], env)).exitCode).toBe(0);
  const twins = { ...env, DAYPASS_SECRET: otherSecret, DAYPASS_SECRET_SECONDARY: otherSecret };
  const { exitCode, out, error } = await run(files, ['--check-env'], twins);
  expect([exitCode, out]).toEqual([1, '']);
  expect(error).toContain(
    'The environment has 1 mistake:\n  DAYPASS_SECRET_SECONDARY equals DAYPASS_SECRET.',
  );
  expect(error).not.toContain(otherSecret);
});
