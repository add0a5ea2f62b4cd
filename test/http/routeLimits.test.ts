import { afterEach, expect, test } from 'vitest';
import { type GateStack, type GateStackOptions, startGateStack } from '../support/gateStack.ts';

// What a route costs and allows, at a real gate over a Redis in memory.

const day = (limit: number) => ({ limit, windowSeconds: 86_400, algorithm: 'fixed-window' as const });
let stack: GateStack;
const later: Promise<unknown>[] = [];
afterEach(() => stack.close());

async function start(policy: NonNullable<GateStackOptions['policy']>): Promise<void> {
  stack = await startGateStack({ policy, waitUntil: (work) => void later.push(work) });
}

const statuses = async (times: number, path: string, token?: string) => {
  const seen: number[] = [];
  for (let call = 0; call < times; call += 1) {
    seen.push((await stack.call(path, token === undefined ? {} : { token })).status);
  }
  return seen;
};
const passed = async (...call: Parameters<typeof statuses>) =>
  (await statuses(...call)).filter((status) => status === 200).length;

test("a route's own limits hold in addition to the site's, and other routes notice nothing", async () => {
  await start({
    limits: { session: day(10), total: day(1000) },
    routes: [{ path: '/api/chat', limits: { session: day(2), total: day(5) } }, { path: '/api/*' }],
  });
  const token = await stack.mint();
  expect(await passed(4, '/api/chat', token)).toBe(2);
  // What was refused by the route took nothing of the site's.
  expect(await passed(20, '/api/other', token)).toBe(8);
  expect(await passed(10, '/api/chat')).toBe(3);
  expect(await passed(3, '/api/other')).toBe(3);
});

test('each window of a list holds, and RateLimit names the tightest first', async () => {
  await start({
    limits: {
      session: [
        { limit: 4, windowSeconds: 3600, algorithm: 'fixed-window' },
        { limit: 6, windowSeconds: 86_400, algorithm: 'fixed-window' },
      ],
    },
  });
  const token = await stack.mint();
  const response = await stack.call('/api/x', { token });
  expect(response.headers.get('ratelimit-policy')).toBe(
    '"session-3600";q=4;w=3600, "session-86400";q=6;w=86400, "address";q=6000;w=60',
  );
  expect(response.headers.get('ratelimit')).toMatch(
    /^"session-3600";r=3;t=\d+, "session-86400";r=5;t=\d+, "address";r=5999;t=\d+$/,
  );
  expect(await passed(6, '/api/x', token)).toBe(3);
});

test('a call takes what it costs of every limit that counts it', async () => {
  await start({
    limits: { session: day(10) },
    routes: [{ path: '/api/dear', cost: 4 }, { path: '/api/*' }],
  });
  const token = await stack.mint();
  expect(await passed(5, '/api/dear', token)).toBe(2);
  expect(await passed(5, '/api/cheap', token)).toBe(2);
});

test('a price that the answer names is charged then, and the field goes no further', async () => {
  await start({
    limits: { session: day(100), leaseSeconds: 0 },
    routes: [{ path: '/api/chat', cost: { answer: 'daypass-cost' } }, { path: '/api/*' }],
  });
  const token = await stack.mint();
  stack.upstreamAnswers((response) => response.setHeader('Daypass-Cost', '70').end('tokens'));
  const first = await stack.call('/api/chat', { token });
  expect(first.status).toBe(200);
  expect(first.headers.has('daypass-cost')).toBe(false);
  const second = await stack.call('/api/chat', { token });
  expect(second.headers.get('ratelimit')).toMatch(/^"session";r=29;/);
  // It was above the limit when its price was known; the next one is refused.
  expect((await stack.call('/api/chat', { token })).status).toBe(429);
  expect((await stack.call('/api/other', { token })).status).toBe(429);
});

test.each<[string | string[], number]>([
  ['', 98],
  ['many', 98],
  [['5', '7'], 92],
])('after a price of %o and a call %i are left', async (price, left) => {
  await start({
    limits: { session: day(100) },
    routes: [{ path: '/api/*', cost: { answer: 'daypass-cost' } }],
  });
  const token = await stack.mint();
  stack.upstreamAnswers((response) => response.setHeader('daypass-cost', price).end());
  await stack.call('/api/x', { token });
  const { headers } = await stack.call('/api/x', { token });
  expect(headers.get('ratelimit')).toContain(`"session";r=${left};`);
  expect(headers.has('daypass-cost')).toBe(false);
});

test('a ceiling is reported when a fifth is left and when it is reached, once', async () => {
  await start({
    limits: { session: day(4) },
    routes: [{ path: '/api/chat', limits: { total: day(10) } }, { path: '/api/*' }],
  });
  expect(await passed(15, '/api/chat')).toBe(10);
  const told = stack.logged
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event.startsWith('ceiling'));
  expect(told).toMatchObject([
    { event: 'ceiling_near', ceiling: 'total /api/chat', limit: 10, remaining: 2 },
    { event: 'ceiling_reached', ceiling: 'total /api/chat', limit: 10, remaining: 0 },
  ]);
  const refused = await stack.call('/api/chat');
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await passed(1, '/api/other')).toBe(1);
});
