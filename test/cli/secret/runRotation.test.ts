import { expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import { createKeyRing } from '../../../src/token/keys.ts';
import { otherSecret, ring, secret } from '../../support/tokens.ts';
import { configText, createFolder } from '../support/project.ts';
import { createTestIo } from '../support/testIo.ts';

const both = { DAYPASS_SECRET: secret, DAYPASS_SECRET_SECONDARY: otherSecret };

async function run(args: readonly string[], given: Parameters<typeof createTestIo>[0] = {}) {
  const io = createTestIo({ cwd: createFolder(), ...given });
  const exitCode = await main(['secret', '--rotate', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('a step tells what to set where; the new secret alone is on standard output', async () => {
  const { exitCode, out, error } = await run(['--step', 'add']);
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^[\w-]{43}\n$/)]);
  const { primary } = await createKeyRing({ audience: 'api', secret: out.trim() });
  expect(error).toContain(
    `  DAYPASS_SECRET_SECONDARY, site and backend: the new secret (key id ${primary.id})\n`,
  );
  expect(error).toContain('Then: daypass secret --rotate --step swap\n');
  expect(error).not.toContain(out.trim());
});

test('secrets of the environment are named by their key ids, unless they are asked for', async () => {
  const quiet = await run(['--step', 'swap'], { env: both });
  expect(quiet.error).toContain(
    `DAYPASS_SECRET_SECONDARY, site and backend: the old secret (key id ${ring.primary.id})\n`,
  );
  expect(quiet.out + quiet.error).not.toMatch(new RegExp(`${secret}|${otherSecret}`));
  expect(quiet.error).toContain('wait 1 hour 6 minutes');
  expect(quiet.error).toContain('Deployed by now, that is at 2026-11-29T13:06:00Z.\n');
  const shown = await run(['--step', 'swap', '--show'], { env: both });
  expect(shown.error).toMatch(
    new RegExp(`  DAYPASS_SECRET, .*\n    ${otherSecret}\n  DAYPASS_SECRET_SECONDARY, .*\n    ${secret}\n`),
  );
});

test('a program gets the step in JSON', async () => {
  const { exitCode, out, error } = await run(['--step', 'remove', '--json'], { env: both });
  expect([exitCode, error]).toEqual([0, '']);
  expect(JSON.parse(out)).toMatchObject({
    step: 'remove',
    audience: 'api',
    settings: [{ variable: 'DAYPASS_SECRET_SECONDARY' }],
  });
  expect(out).not.toMatch(new RegExp(`${secret}|${otherSecret}`));
});

test('the policy’s names and lives count', async () => {
  const config =
    "{ audiences: { chat: { secret: 'CHAT', secondarySecret: 'CHAT_NEXT' } }, accessToken: { renewalGraceSeconds: 0 } }";
  const cwd = createFolder({ 'daypass.config.ts': configText(config) });
  const { error } = await run(['--step', 'swap', '--audience', 'chat'], { cwd });
  expect(error).toContain(
    '  CHAT, site and backend: the new secret\n  CHAT_NEXT, site and backend: the old secret\n',
  );
  expect(error).toContain('wait 6 minutes');
});

test('at a terminal, all three steps, with a question in between', async () => {
  const { exitCode, out, error } = await run([], {
    answers: [
      ['Does every instance', 'y'],
      ['Are both deployed', 'y'],
    ],
  });
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^[\w-]{43}\n$/)]);
  expect(error.match(/Step \d of 3/g)).toEqual(['Step 1 of 3', 'Step 2 of 3', 'Step 3 of 3']);
});

test('it can be gone on with another day', async () => {
  const { exitCode, error } = await run([], { answers: [['Does every instance', 'n']] });
  expect([exitCode, error.match(/Step \d of 3/g)]).toEqual([2, ['Step 1 of 3']]);
  expect(error).toContain('Go on with daypass secret --rotate --step swap when it is so.');
});

test.each([
  [[], {}, 64, 'Name the step of the rotation, --step add at first'],
  [['--step', 'next'], {}, 64, '--step: there is no next, but add, swap, remove, leaked, leaked-private.'],
  [['--step', 'add', '--maintenance'], {}, 64, 'ask for one at a time'],
  [['--step', 'add', '--audience', 'chat'], {}, 64, '--audience: the policy has no chat, but api.'],
  [['--step', 'add'], both, 1, 'a rotation has begun'],
  [
    ['--step', 'swap'],
    { ...both, DAYPASS_SECRET_SECONDARY: secret },
    1,
    'DAYPASS_SECRET_SECONDARY equals DAYPASS_SECRET',
  ],
])('%j with %j ends with %i', async (args, env, exitCode, message) => {
  const failed = await run(args, { env });
  expect([failed.exitCode, failed.out]).toEqual([exitCode, '']);
  expect(failed.error).toContain(message);
  expect(failed.error).not.toContain(secret);
});

test('its options belong to it', async () => {
  const io = createTestIo();
  expect(await main(['secret', '--step', 'add'], io)).toBe(64);
});
