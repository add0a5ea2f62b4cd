import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { createCounters } from '../../src/store/counters.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';
import { patient } from '../support/redisParts.ts';

let stack: BrokerStack;
let bearer: string;
beforeAll(async () => {
  stack = await startBrokerStack({ policy: { mode: 'monitor' } });
  bearer = await stack.broker.privateKeys.maintenanceBearer();
});
afterEach(() => stack.redis.setFault(undefined));
afterAll(() => stack.close());

const ask = (authorization?: string, init: RequestInit = {}) =>
  stack.request('/session/stats', { ...init, headers: authorization === undefined ? {} : { authorization } });

test('reports to the owner what the gate counted; one request to Redis counts the call, one reads', async () => {
  const empty = await ask(`Bearer ${bearer}`);
  expect(empty.status).toBe(200);
  expect(empty.headers.get('cache-control')).toBe('no-store');
  expect(await empty.json()).toEqual({ mode: 'monitor', counts: [] });

  const counters = createCounters(
    patient(stack.redis),
    () => true,
    () => Date.now(),
  );
  counters.add('would_refuse', { code: 'token_missing', route: '/api/*' });
  const day = new Date().toISOString().slice(0, 10);
  await counters.flush();
  const before = stack.redis.requests;
  const answer = await ask(`bearer ${bearer}`);
  expect(stack.redis.requests - before).toBe(2);
  expect(await answer.json()).toEqual({
    mode: 'monitor',
    counts: [{ day, event: 'would_refuse', code: 'token_missing', route: '/api/*', count: 1 }],
  });
});

test.each([
  ['no bearer', undefined, '401 token_missing', 'Bearer realm="daypass"'],
  ['another scheme', 'Basic YTpi', '401 token_missing', 'Bearer realm="daypass"'],
  [
    'another bearer',
    `Bearer ${'A'.repeat(43)}`,
    '401 maintenance_bearer',
    'Bearer realm="daypass", error="invalid_token", error_description="This endpoint is for the owner of the site: send the maintenance bearer (npx daypass secret --maintenance)."',
  ],
])(
  '%s is refused with a challenge, and Redis is asked for nothing but the count of wrong bearers',
  async (_, authorization, refusal, challenge) => {
    const before = stack.redis.requests;
    const response = await ask(authorization);
    expect(response.headers.get('www-authenticate')).toBe(challenge);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await outcome(response)).toBe(refusal);
    expect(stack.redis.requests - before).toBe(refusal === '401 maintenance_bearer' ? 1 : 0);
  },
);

test('the introspection secret of a backend does not open it', async () => {
  const secret = await stack.broker.privateKeys.introspectionSecret('api');
  expect(await outcome(await ask(`Bearer ${secret}`))).toBe('401 maintenance_bearer');
});

test('HEAD is answered without content, other methods are not', async () => {
  const head = await ask(`Bearer ${bearer}`, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  const post = await ask(`Bearer ${bearer}`, { method: 'POST' });
  expect(post.headers.get('allow')).toBe('GET, HEAD');
  expect(await outcome(post)).toBe('405 method_not_allowed');
});

test('Redis away: 503', async () => {
  stack.redis.setFault({ kind: 'bad-gateway' });
  const response = await ask(`Bearer ${bearer}`);
  expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  expect(await outcome(response)).toBe('503 store_unavailable');
});
