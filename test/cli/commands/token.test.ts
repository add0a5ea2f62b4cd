import { expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import { createVerifier } from '../../../src/token/createVerifier.ts';
import { issuer, otherSecret, secret, subject } from '../../support/tokens.ts';
import { configText, createFolder } from '../support/project.ts';
import { createTestIo } from '../support/testIo.ts';

const twoAudiences = configText(`{
  issuer: '${issuer}',
  audiences: { api: { secret: 'DAYPASS_SECRET', scopes: ['read', 'write'] }, chat: { secret: 'CHAT_SECRET' } },
  accessToken: { ttlSeconds: 120 },
}`);

async function run(
  args: readonly string[],
  given: Parameters<typeof createTestIo>[0] & { config?: string } = {},
) {
  const { config, ...rest } = given;
  const cwd = createFolder(config === undefined ? {} : { 'daypass.config.ts': config });
  const io = createTestIo({
    cwd,
    env: { DAYPASS_SECRET: secret, CHAT_SECRET: otherSecret, URL: issuer },
    ...rest,
  });
  const exitCode = await main(['token', ...args], io);
  return { exitCode, out: io.out, error: io.error, now: io.now() };
}

test('a backend accepts the token, and it is alone on standard output', async () => {
  const { exitCode, out, error, now } = await run([]);
  expect([exitCode, out]).toEqual([0, expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+\n$/)]);
  const verify = createVerifier({ secret, issuer, deployContexts: ['dev'], now: () => now });
  const said = await verify(out.trim());
  expect(said).toMatchObject({ audience: 'api', deployContext: 'dev', scopes: [] });
  expect(said.expiresAt - said.issuedAt).toBe(300);
  expect(error).toBe(
    'For api of https://site.example, deploy context dev; expires in 5 minutes (2026-11-29 12:05:00 UTC). No broker renews or revokes it.\n',
  );
});

test('options, policy and environment each say what they know', async () => {
  const scopes = ['--scope', 'read', '--scope', 'write'];
  const { out } = await run(['--json', '--subject', subject, ...scopes], {
    config: twoAudiences,
    env: { DAYPASS_SECRET: secret },
  });
  const { token, claims } = JSON.parse(out);
  expect(claims).toMatchObject({
    iss: issuer,
    sub: subject,
    aud: 'api',
    scope: 'read write',
    deploy_context: 'dev',
  });
  expect(claims.exp - claims.iat).toBe(120);
  expect(token.split('.')).toHaveLength(3);
  const chat = JSON.parse((await run(['--json', '--audience', 'chat'], { config: twoAudiences })).out);
  const verify = createVerifier({
    secret: otherSecret,
    issuer,
    audience: 'chat',
    deployContexts: ['dev'],
    now: () => chat.claims.iat * 1000,
  });
  expect((await verify(chat.token)).audience).toBe('chat');
});

test('one that has expired is old enough', async () => {
  const { out, now, error } = await run(['--json', '--ttl-seconds', '60', '--age-seconds', '600']);
  const { claims } = JSON.parse(out);
  expect([claims.iat, claims.exp]).toEqual([now / 1000 - 600, now / 1000 - 540]);
  expect(error).toBe('');
});

test('without a policy at hand, any audience and scope will do', async () => {
  const { claims } = JSON.parse((await run(['--json', '--audience', 'orders', '--scope', 'read'])).out);
  expect(claims).toMatchObject({ aud: 'orders', scope: 'read' });
});

test('production takes a yes', async () => {
  const refused = await run(['--deploy-context', 'production']);
  expect([refused.exitCode, refused.out]).toEqual([64, '']);
  expect(refused.error).toContain(
    'opens your live backend to whoever holds it. Mint it? Nobody can be asked here: say so with --yes.',
  );
  const agreed = JSON.parse((await run(['--deploy-context', 'production', '--yes', '--json'])).out);
  expect(agreed.claims.deploy_context).toBe('production');
});

test.each([
  ['y', 0, /^[\w-]+\.[\w-]+\.[\w-]+\n$/],
  ['n', 1, /^$/],
  ['\u0003', 1, /^$/],
])('asked at a terminal, %j ends with %i', async (key, exitCode, out) => {
  const answered = await run(['--deploy-context', 'production'], { answers: [['Mint it?', key]] });
  expect([answered.exitCode, answered.out]).toEqual([exitCode, expect.stringMatching(out)]);
});

test.each([
  [['--audience', 'other'], '--audience: the policy has no other, but api, chat.'],
  [['--scope', 'delete'], '--scope: daypass.config.ts gives api no scope delete; there is read, write.'],
  [['--audience', 'chat', '--scope', 'read'], 'gives chat no scope read; it has none.'],
  [['--scope', 'a b'], '--scope: "a b" is not one scope.'],
  [
    ['--deploy-context', 'prod'],
    '--deploy-context: there is no deploy context prod; did you mean production?',
  ],
  [['--subject', 'me'], '--subject must be anon_'],
  [['--ttl-seconds', '3601'], '--ttl-seconds must be a whole number from 1 to 3600.'],
  [['--ttl-seconds', '1.5'], '--ttl-seconds must be'],
  [['--age-seconds=-1'], '--age-seconds must be'],
  [['--issuer', 'https://site.example/path'], '--issuer must be an origin'],
])('%j is wrong usage', async (args, message) => {
  const { exitCode, out, error } = await run(args, { config: twoAudiences });
  expect([exitCode, out]).toEqual([64, '']);
  expect(error).toContain(message);
});

test.each([
  [{ URL: issuer }, 64, 'DAYPASS_SECRET is missing: it is read from the environment'],
  [
    { DAYPASS_SECRET: secret },
    64,
    'Name the issuer that the backend expects: --issuer, or the variable URL.',
  ],
  [{ DAYPASS_SECRET: 'change-me', URL: issuer }, 1, 'DAYPASS_SECRET is shorter than 32 bytes.'],
])('with %j it ends with %i', async (env, exitCode, message) => {
  const failed = await run([], { env });
  expect([failed.exitCode, failed.out]).toEqual([exitCode, '']);
  expect(failed.error).toContain(message);
  expect(failed.error).not.toContain('change-me');
});
