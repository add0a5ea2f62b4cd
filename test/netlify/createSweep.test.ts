import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type DevIdentityServer, startDevIdentity } from '../../dev/identity/start.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createSweep } from '../../src/netlify/createBroker.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { usePlatform } from '../support/platform.ts';
import { closeBridge } from '../support/redisParts.ts';
import { privateSecret, secret } from '../support/tokens.ts';

const platform = usePlatform();
const policy = definePolicy();
let identity: DevIdentityServer;
let redis: DevRedis;
beforeAll(async () => {
  identity = await startDevIdentity();
  redis = await startDevRedis({ backend: 'memory' });
});
afterAll(async () => {
  await identity.close();
  await closeBridge(redis);
});

function provide(more: Record<string, string> = {}): void {
  platform.provide({
    DAYPASS_SECRET: secret,
    DAYPASS_PRIVATE_SECRET: privateSecret,
    UPSTASH_REDIS_REST_URL: redis.url,
    UPSTASH_REDIS_REST_TOKEN: redis.token,
    IDENTITY_URL: identity.url,
    ...more,
  });
}
const turn = () =>
  createSweep(policy)(
    new Request('https://site.example/.netlify/functions/sweep', { method: 'POST', body: '{}' }),
    { site: { url: 'https://site.example' }, deploy: { context: 'production' } },
  );
const lines = () => platform.lines.map((line) => JSON.parse(line));

test('without an Identity context the log names the other way', async () => {
  provide();
  expect((await turn()).status).toBe(500);
  expect(lines()).toContainEqual({
    daypass: 'identity_context_missing',
    remedy: expect.stringContaining('POST /session/sweep'),
    requestId: expect.any(String),
  });
});

test.each(['of the platform', 'of the environment'])('sweeps with the operator token %s', async (whose) => {
  const { operatorToken } = identity;
  provide(whose === 'of the platform' ? {} : { IDENTITY_OPERATOR_TOKEN: operatorToken });
  if (whose === 'of the platform') vi.stubGlobal('netlifyIdentityContext', { token: operatorToken });
  const createdAt = new Date(Date.now() - 3_600_000).toISOString();
  identity.users.plant({ email: 'orphan@visitor.invalid', createdAt });
  identity.users.plant({ email: `member-${whose}@example.com`, createdAt });
  expect((await turn()).status).toBe(204);
  expect(identity.users.list().filter(({ email }) => email.endsWith('.invalid'))).toEqual([]);
  expect(lines()).toEqual([expect.objectContaining({ daypass: 'sweep', deleted: 1, done: true })]);
});

test('without its environment it refuses', async () => {
  platform.provide({});
  expect((await turn()).status).toBe(503);
});
