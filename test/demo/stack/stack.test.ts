import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StackState } from '../../../demo/stack/control.ts';
import { type DemoServer, startDemo } from '../../../demo/startDemo.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { exchange, logIn, signUp } from '../../support/recipe.ts';

// The switches of `npm start`, as the demo page turns them.

const policy = definePolicy({ admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 7 } } });
let server: DemoServer;
beforeAll(async () => {
  server = await startDemo(readSettings({ PORT: '0' }, policy), policy, { redisBackend: 'memory' });
});
afterAll(() => server.close());

function ask(method: string, path: string, body?: unknown): Promise<Response> {
  return fetch(server.url + path, { method, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

async function change(changes: unknown): Promise<StackState> {
  return (await ask('PUT', '/dev/stack', changes)).json() as Promise<StackState>;
}

test('says how the stack stands', async () => {
  expect(await (await ask('GET', '/dev/stack')).json()).toEqual({
    policy: { admission: 'proof-of-work', mode: 'enforce', storeFailure: 'local' },
    redis: 'running',
    canSwitch: true,
    canStopRedis: true,
    canKill: true,
    identity: { kind: 'stand-in', asksEventFunction: true },
  });
});

test('takes the switch for a leaked secret from its variable', async () => {
  const env = { PORT: '0', DAYPASS_SESSIONS_NOT_BEFORE: 'yesterday' };
  const starting = startDemo(readSettings(env, policy), policy, { redisBackend: 'memory' });
  await expect(starting).rejects.toMatchObject({
    problems: [expect.stringMatching(/^DAYPASS_SESSIONS_NOT_BEFORE must be a time of RFC 3339/)],
  });
});

test('the policy changes at the next request, and back', async () => {
  const proof = async () =>
    ((await (await ask('GET', '/session/challenge')).json()) as { proof: string }).proof;
  await change({ admission: 'none' });
  expect(await proof()).toBe('none');
  expect((await change({ admission: 'proof-of-work', mode: 'monitor' })).policy).toEqual({
    admission: 'proof-of-work',
    mode: 'monitor',
    storeFailure: 'local',
  });
  expect(await proof()).toBe('proof-of-work');
  expect((await change({ admission: 'off', mode: 'enforce' })).policy).toMatchObject({ admission: 'off' });
  expect(await proof()).toBe('none');
  await change({ admission: 'none' });
});

test.each([
  ['no object', []],
  ['an unknown switch', { issuer: 'https://evil.example' }],
  ['an unknown position', { mode: 'lenient' }],
  ['an inherited name', { toString: 'enforce' }],
])('refuses %s', async (_, changes) => {
  const answer = await ask('PUT', '/dev/stack', changes);
  expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
    400,
    'malformed_request',
  ]);
});

test('Redis is stopped and started', async () => {
  expect((await change({ redis: 'stopped' })).redis).toBe('stopped');
  const token = await logIn(server.url, await signUp(server.url));
  expect((await exchange(server.url, token)).status).toBe(503);
  expect((await change({ redis: 'running' })).redis).toBe('running');
  expect((await exchange(server.url, token)).status).toBe(200);
});

test('a killed exchange breaks the connection and leaves an orphan, which the sweep takes; the next one is well', async () => {
  expect((await ask('POST', '/dev/kill')).status).toBe(204);
  const email = await signUp(server.url);
  const token = await logIn(server.url, email);
  await expect(exchange(server.url, token)).rejects.toThrow('fetch failed');
  // Its reservation stays, as a dead process would leave it. Browsers send again by themselves, and learn so.
  expect((await exchange(server.url, token)).status).toBe(400);
  expect(server.parts.identity?.users.list().map((user) => user.email)).toEqual([email]);
  const swept = (await (await ask('POST', '/dev/sweep')).json()) as { deleted: number };
  expect(swept.deleted).toBe(1);
  expect(server.parts.identity?.users.count()).toBe(0);
  expect((await exchange(server.url, await logIn(server.url, await signUp(server.url)))).status).toBe(200);
});

test('the counts of the gate are those that its owner reads', async () => {
  const stats = await ask('GET', '/dev/stats');
  expect([stats.status, await stats.json()]).toEqual([200, { mode: 'enforce', counts: expect.any(Array) }]);
});
