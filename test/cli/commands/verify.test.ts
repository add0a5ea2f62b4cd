import { expect, test } from 'vitest';
import { inspectToken } from '../../../cli/commands/verify.ts';
import { main } from '../../../cli/main.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import type { DeployContext } from '../../../src/protocol/wire.ts';
import { createKeyRing, createPrivateKeys } from '../../../src/token/keys.ts';
import {
  encode,
  goodClaims,
  goodHeader,
  issuer,
  now,
  otherSecret,
  privateSecret,
  secret,
  sign,
  subject,
} from '../../support/tokens.ts';
import accept from '../../vectors/accept.json' with { type: 'json' };
import refuse from '../../vectors/refuse.json' with { type: 'json' };
import { configText, createFolder } from '../support/project.ts';
import { createTestIo } from '../support/testIo.ts';

type Vector = (typeof accept)[number] & { secondarySecret?: string };

const env = { DAYPASS_SECRET: secret, DAYPASS_PRIVATE_SECRET: privateSecret, URL: issuer };
const { sessionId } = await createPrivateKeys(privateSecret);
const sid = await sessionId({ subject, audience: 'api', startedAt: goodClaims.auth_time });
const whole = { ...goodClaims, sid };

async function run(
  token: string,
  given: { args?: readonly string[]; env?: Record<string, string>; policy?: string } = {},
) {
  const files = given.policy ? { 'daypass.config.ts': configText(given.policy) } : {};
  const io = createTestIo({
    cwd: createFolder(files),
    env: given.env ?? env,
    now: () => now * 1000,
    stdin: token,
  });
  const exitCode = await main(['verify', '-', ...(given.args ?? [])], io);
  return { exitCode, out: io.out, error: io.error };
}

/** `place outcome code` of each. */
async function verdictsOf(...call: Parameters<typeof run>) {
  const [token, given = {}] = call;
  const { exitCode, out } = await run(token, { ...given, args: ['--json', ...(given.args ?? [])] });
  const { verdicts } = JSON.parse(out) as { verdicts: { place: string; outcome: string; code?: string }[] };
  return {
    exitCode,
    verdicts: verdicts.map(({ place, outcome, code }) => [place, outcome, code ?? ''].join(' ').trim()),
  };
}

test('a sound token is accepted everywhere, and each claim is put in words', async () => {
  const { exitCode, out, error } = await run(await sign(goodHeader, whole));
  expect([exitCode, error]).toEqual([0, '']);
  for (const line of [
    /^An access token of Daypass$/,
    /^ {2}kid +\S{8} +DAYPASS_SECRET, audience api$/,
    /^ {2}iss +https:\/\/site\.example +the issuer$/,
    /^ {2}iat +1800000000 +minted now \(2027-01-15 08:00:00 UTC\)$/,
    /^ {2}exp +1800000300 +expires in 5 minutes \(2027-01-15 08:05:00 UTC\), a life of 5 minutes$/,
    /^ {2}auth_time +\d+ +session began 2 hours ago /,
    /^ {2}✓ gate {5}accepted: opens \/api\/\*$/,
    /^ {2}✓ backend {2}accepted: as audience api, with issuer https:\/\/site\.example$/,
    /^ {2}✓ broker {3}accepted: renews it for 10 hours more$/,
  ]) {
    expect(out.split('\n')).toContainEqual(expect.stringMatching(line));
  }
});

const past = { ...whole, iat: now - 600, exp: now - 300 };

test.each([
  ['expired', past, ['gate refused token_expired', 'backend refused token_expired', 'broker accepted']],
  [
    'of a preview',
    { ...whole, deploy_context: 'deploy-preview' },
    [
      'gate refused token_deploy_context',
      'backend refused token_deploy_context',
      'broker refused token_deploy_context',
    ],
  ],
  [
    'of a session that no broker began',
    { ...whole, sid: 'A'.repeat(22) },
    ['gate accepted', 'backend accepted', 'broker refused session_unknown'],
  ],
  [
    'without auth_time',
    { ...goodClaims, auth_time: undefined },
    ['gate accepted', 'backend accepted', 'broker refused session_unknown'],
  ],
  [
    'for another audience',
    { ...whole, aud: 'other' },
    ['gate refused token_audience', 'backend refused token_audience', 'broker refused token_audience'],
  ],
])('one %s', async (_, claims, verdicts) => {
  expect(await verdictsOf(await sign(goodHeader, claims))).toEqual({ exitCode: 1, verdicts });
});

test('a session that is over is not renewed', async () => {
  const startedAt = now - 13 * 3600;
  const claims = {
    ...whole,
    auth_time: startedAt,
    sid: await sessionId({ subject, audience: 'api', startedAt }),
  };
  const token = await sign(goodHeader, claims);
  expect((await verdictsOf(token)).verdicts).toEqual([
    'gate accepted',
    'backend accepted',
    'broker refused session_ended',
  ]);
  expect((await run(token)).out).toContain(
    'it began 13 hours ago and lasts 12 hours (accessToken.sessionSeconds).',
  );
  const ended = { ...env, DAYPASS_SESSIONS_NOT_BEFORE: new Date((now - 60) * 1000).toISOString() };
  expect((await verdictsOf(token, { env: ended })).verdicts).toEqual([
    'gate refused session_ended',
    'backend accepted',
    'broker refused session_ended',
  ]);
});

test('what each accepts can be set', async () => {
  const token = await sign(goodHeader, { ...whole, deploy_context: 'dev' });
  const args = ['--deploy-context', 'dev', '--accept', 'production', '--accept', 'dev'];
  expect(await verdictsOf(token, { args })).toEqual({
    exitCode: 0,
    verdicts: ['gate accepted', 'backend accepted', 'broker accepted'],
  });
  const other = await run(token, { args: [...args, '--issuer', 'https://other.example'] });
  expect(other.out).toContain(
    'refused (token_issuer): iss is "https://site.example", and "https://other.example" is expected here.',
  );
});

test('of several audiences, gate and broker know the token’s, and a backend is one', async () => {
  const policy =
    "{ audiences: { chat: { secret: 'CHAT_SECRET' }, api: { secret: 'DAYPASS_SECRET', scopes: ['read'] } }, routes: [{ path: '/api/read', audience: 'api', scope: 'read' }, { path: '/api/*', audience: 'api' }] }";
  const both = { ...env, CHAT_SECRET: otherSecret };
  const token = await sign(goodHeader, whole);
  expect((await verdictsOf(token, { policy, env: both })).exitCode).toBe(0);
  expect((await run(token, { policy, env: both })).out).toContain(
    'gate     accepted: opens /api/*; not /api/read (lacks scope read)',
  );
  expect(await verdictsOf(token, { policy, env: both, args: ['--audience', 'chat'] })).toEqual({
    exitCode: 1,
    verdicts: ['gate accepted', 'backend refused token_key', 'broker accepted'],
  });
});

test('a backend without a policy is whatever audience it is said to be', async () => {
  const token = await sign(goodHeader, { ...whole, aud: 'orders' });
  expect((await verdictsOf(token)).verdicts[1]).toBe('backend refused token_audience');
  const { verdicts } = await verdictsOf(token, { args: ['--audience', 'orders'] });
  expect(verdicts.slice(0, 2)).toEqual(['gate accepted', 'backend accepted']);
});

test('without a secret, what can be read is checked, and nothing is called accepted', async () => {
  const token = await sign(goodHeader, whole);
  const { exitCode, verdicts } = await verdictsOf(token, { env: { URL: issuer } });
  expect([exitCode, verdicts]).toEqual([2, ['gate unverified', 'backend unverified', 'broker unverified']]);
  expect((await run(token, { env: {} })).out).toContain(
    'its signature was not checked: DAYPASS_SECRET is not at hand',
  );
  const expired = await verdictsOf(await sign(goodHeader, past), { env: { URL: issuer } });
  expect([expired.exitCode, expired.verdicts[1]]).toEqual([1, 'backend refused token_expired']);
  const odd = await verdictsOf(`${encode({ ...goodHeader, alg: 'none' })}.${encode(whole)}.AAAA`, {
    env: {},
  });
  expect(odd.verdicts[0]).toBe('gate refused token_algorithm');
});

test('without the private secret, the broker’s answer depends on what only it knows', async () => {
  const { DAYPASS_PRIVATE_SECRET: _, ...rest } = env;
  const { out } = await run(await sign(goodHeader, whole), { env: rest });
  expect(out).toContain(
    'if this site began its session (sid was not checked: DAYPASS_PRIVATE_SECRET is not at hand)',
  );
});

test('a token of another secret names both key ids', async () => {
  const ring = await createKeyRing({ audience: 'api', secret: otherSecret });
  const { out } = await run(await sign({ ...goodHeader, kid: ring.primary.id }, whole, otherSecret));
  expect(out).toContain(
    `kid is "${ring.primary.id}", and the key of DAYPASS_SECRET here is ${goodHeader.kid}: it was signed with another secret.`,
  );
});

test('an Identity token is known as one', async () => {
  const claims = { exp: now + 3600, sub: '20675436-07be-4d28-b3aa-7fe0e7c2ddb1', email: 'a@visitor.invalid' };
  const token = await sign({ alg: 'HS256', typ: 'JWT', kid: 'nf-ident' }, claims);
  expect((await run(token)).out).toContain('An Identity token\n');
  expect((await verdictsOf(token)).verdicts).toEqual([
    'gate refused token_key',
    'backend refused token_key',
    'broker unverified',
  ]);
  const expired = await sign({ alg: 'HS256', kid: 'nf-ident' }, { ...claims, exp: now - 60 });
  expect((await run(expired)).out).toContain(
    'broker   refused (subject_token_expired): it expired 1 minute ago.',
  );
});

test('what a terminal would obey is not passed on, nor the token', async () => {
  const token = await sign(goodHeader, {
    ...whole,
    'a\u001b[2J': '\u202eevil\u009b',
    iss: '\u001b]0;x\u0007',
  });
  const { out } = await run(token);
  expect(out).not.toMatch(/(?!\n)\p{C}/u);
  expect(out).not.toContain(token.split('.')[2]);
});

test.each([
  ['', 64, 'There is no token on standard input.'],
  ['Bearer  ', 1, 'unreadable'],
])('%j on standard input ends with %i', async (text, exitCode, message) => {
  const answer = await run(text, { args: ['--json'] });
  expect(answer.exitCode).toBe(exitCode);
  expect(answer.out).toContain(message);
});

test('a whole header field will do, as an argument too', async () => {
  const token = await sign(goodHeader, whole);
  expect((await run(`Authorization: Bearer ${token}\n`)).exitCode).toBe(0);
  const io = createTestIo({ cwd: createFolder(), env, now: () => now * 1000 });
  expect(await main(['verify', token], io)).toBe(0);
  expect(await main(['verify'], io)).toBe(64);
});

test('a time that is none is not passed over', async () => {
  const { exitCode, error } = await run('x', { env: { ...env, DAYPASS_SESSIONS_NOT_BEFORE: 'yesterday' } });
  expect([exitCode, error]).toEqual([
    1,
    expect.stringContaining('DAYPASS_SESSIONS_NOT_BEFORE must be a time of RFC 3339'),
  ]);
});

test('the backend answers as every verifier does, and has words for each refusal', async () => {
  // A policy has no audience beyond ASCII.
  const vectors = [...accept, ...refuse].filter(({ audience }) => /^[\w.~-]+$/.test(audience));
  expect(vectors.length).toBeGreaterThan(500);
  for (const vector of vectors) {
    const { name, token, issuer, audience, secret, secondarySecret } = vector as Vector;
    const inspection = await inspectToken(token, {
      policy: definePolicy({ audiences: { [audience]: { secret: 'A' } } }),
      ...{ issuer, audience, privateKeys: undefined, sessionsNotBefore: undefined },
      keyRings: new Map([[audience, await createKeyRing({ audience, secret, secondarySecret })]]),
      deployContext: 'production',
      backendContexts: vector.deployContexts as DeployContext[],
      now: vector.now,
    });
    const { code, why } = inspection.verdicts.find(({ place }) => place === 'backend') ?? {};
    if (inspection.kind === 'identity_token') expect([name, vector.code]).toEqual([name, expect.any(String)]);
    else expect([name, code ?? null]).toEqual([name, vector.code]);
    expect(why).not.toContain('it is refused: ');
  }
});
