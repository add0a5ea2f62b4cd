import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createSignupGuard } from '../../src/netlify/createSignupGuard.ts';
import type { EdgeContext } from '../../src/netlify/platform.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { usePlatform } from '../support/platform.ts';
import { closeBridge } from '../support/redisParts.ts';
import { issuer, privateSecret, secret } from '../support/tokens.ts';

const platform = usePlatform();
let redis: DevRedis;
beforeAll(async () => {
  redis = await startDevRedis({ backend: 'memory' });
});
afterAll(() => closeBridge(redis));

const good = () => ({
  DAYPASS_SECRET: secret,
  DAYPASS_PRIVATE_SECRET: privateSecret,
  UPSTASH_REDIS_REST_URL: redis.url,
  UPSTASH_REDIS_REST_TOKEN: redis.token,
});
const policy = definePolicy({ limits: { signup: { limit: 2, windowSeconds: 3600 } } });

/** A call of the platform, whose `next()` answers with what it was asked. */
function call(handler: ReturnType<typeof createSignupGuard>, ip: string, init: RequestInit = {}) {
  const request = new Request(`${issuer}/.netlify/identity/signup`, { method: 'POST', body: '{}', ...init });
  const asked: unknown[] = [];
  const context: EdgeContext = {
    ip,
    site: { url: issuer },
    deploy: { context: 'production' },
    next: async (...options) => {
      asked.push(...options);
      return new Response(`Identity got ${await request.text()}`);
    },
  };
  return handler(request, context).then((answer) => ({ answer, asked }));
}

test('what passes goes to context.next(), conditional fields and all, with its body unread', async () => {
  platform.provide(good());
  const { answer, asked } = await call(createSignupGuard(policy), '203.0.113.1');
  expect(await answer.text()).toBe('Identity got {}');
  expect(asked).toEqual([{ sendConditionalRequest: true }]);
});

test('one instance keeps calls at once apart, and counts the address of the platform', async () => {
  platform.provide(good());
  const handler = createSignupGuard(policy);
  const bodies = Array.from({ length: 10 }, (_, index) => `{"n":${index}}`);
  const answers = await Promise.all(
    bodies.map((body, index) => call(handler, `203.0.113.${10 + index}`, { body })),
  );
  expect(await Promise.all(answers.map(({ answer }) => answer.text()))).toEqual(
    bodies.map((body) => `Identity got ${body}`),
  );
  const headers = { 'x-forwarded-for': '198.51.100.1', 'x-nf-client-connection-ip': '198.51.100.1' };
  const statuses = [];
  for (let calls = 0; calls < 3; calls += 1) {
    statuses.push((await call(handler, '203.0.113.2', { headers })).answer.status);
  }
  expect(statuses).toEqual([200, 200, 429]);
});

test.each([
  ['variables', {}],
  ['a secret', { DAYPASS_SECRET: 'changeme-PrivateMarker-changeme-changeme' }],
])(
  'a site that lacks %s keeps its members: the guard counts in memory, and the log says why once',
  async (_, values) => {
    platform.provide(values);
    const handler = createSignupGuard(policy);
    const foreign = await call(handler, '203.0.113.3', { headers: { 'x-jwt-aud': 'other' } });
    expect(foreign.answer.status).toBe(403);
    const statuses = [];
    for (let calls = 0; calls < 3; calls += 1)
      statuses.push((await call(handler, '203.0.113.3')).answer.status);
    expect(statuses).toEqual([200, 200, 429]);
    const lines = platform.lines.map((line) => JSON.parse(line));
    expect(new Set(lines.map((line) => line.daypass))).toEqual(new Set(['not_configured', 'refused']));
    expect(lines.filter((line) => line.problem?.startsWith('DAYPASS_PRIVATE_SECRET'))).toHaveLength(1);
    expect(platform.lines.join()).not.toContain('PrivateMarker');
  },
);
