import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LimitsState, watchLimits } from '../../../demo/lab/limits.ts';
import { createLabKit } from '../../../demo/site/lab/kit.ts';
import type { Send } from '../../../demo/site/wire/exchange.ts';
import { startDemo } from '../../../demo/startDemo.ts';
import { startDevRedis } from '../../../dev/redis/start.ts';
import type { DevServer } from '../../../dev/server/serveSite.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { definePolicy } from '../../../src/policy/define.ts';

const ceiling = { limit: 60, windowSeconds: 86_400 };
const policy = definePolicy({
  limits: { leaseSeconds: 30 },
  routes: [{ path: '/api/hello', cost: 3, limits: { total: ceiling } }],
});
const logged: string[] = [];

let server: DevServer;
beforeAll(async () => {
  const settings = readSettings({ PORT: '0' }, policy);
  server = await startDemo(settings, policy, {
    redisBackend: 'memory',
    log: (event, { ceiling: name } = {}) => logged.push(`${event} ${name}`),
  });
});
afterAll(() => server.close());

const send: Send = async (method, path, { headers = {}, body } = {}) => {
  const response = await fetch(server.url + path, { method, headers, ...(body && { body }) });
  const text = await response.text();
  const answer = { status: response.status, headers: response.headers, milliseconds: 0 };
  return { request: { method, path, headers }, answer: { ...answer, body: text && JSON.parse(text) } };
};

async function stateOf(): Promise<LimitsState> {
  return (await send('GET', '/dev/limits')).answer.body as LimitsState;
}

test('of a ceiling that is used up, what is leased covers what is spent, never goes beyond the limit, and no call takes two round trips', async () => {
  const kit = createLabKit(send);
  const pass = await kit.freshPass();
  const before = await stateOf();
  expect(before.ceiling).toEqual({ path: '/api/hello', cost: 3, ...ceiling, leased: 0 });
  expect(before.moments).toEqual([]);
  let spent = 0;
  let calls = 0;
  for (let status = 200; status === 200; calls += 1) {
    ({ status } = (await send('GET', '/api/hello', { headers: { Authorization: `Bearer ${pass}` } })).answer);
    if (status === 200) spent += 3;
    const { leased } = (await stateOf()).ceiling ?? {};
    expect(leased).toBeGreaterThanOrEqual(spent);
    expect(leased).toBeLessThanOrEqual(ceiling.limit);
  }
  expect(spent).toBe(ceiling.limit);
  const after = await stateOf();
  const roundTrips = (after.roundTrips ?? 0) - (before.roundTrips ?? 0);
  expect(roundTrips).toBeGreaterThan(0);
  expect(roundTrips).toBeLessThanOrEqual(calls);
  expect(after.moments.map(({ event, remaining }) => [event, remaining])).toEqual([
    ['ceiling_near', 12],
    ['ceiling_reached', 0],
  ]);
  expect(logged).toEqual(
    expect.arrayContaining(['ceiling_near total /api/hello', 'ceiling_reached total /api/hello']),
  );
});

test('looking costs no round trip that is counted', async () => {
  const redis = await startDevRedis({ backend: 'memory' });
  try {
    const watch = watchLimits({ policy, restApi: redis, redis, log: () => undefined });
    for (let looks = 0; looks < 3; looks += 1) {
      expect(await watch.state()).toMatchObject({ roundTrips: 0, ceiling: { leased: 0 } });
    }
    expect(redis.requests).toBe(3);
  } finally {
    await redis.close();
  }
});

test('a policy without a ceiling, at a Redis that is not ours', async () => {
  const log = () => undefined;
  const restApi = { url: 'http://127.0.0.1:1', token: 'none' };
  const none = watchLimits({ policy: definePolicy(), restApi, redis: undefined, log });
  expect(await none.state()).toEqual({ roundTrips: null, ceiling: null, moments: [] });
  // One that does not answer, either.
  const away = watchLimits({ policy, restApi, redis: undefined, log });
  expect((await away.state()).ceiling?.leased).toBeNull();
});
