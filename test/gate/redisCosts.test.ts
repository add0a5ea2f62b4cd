import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { describeWith } from '../support/optional.ts';
import { commandsRun, useRedisBridge } from '../support/redisParts.ts';
import { playScript, scripts } from '../support/scriptedCalls.ts';

// What calls cost at Redis, counted: a figure that changes here is a bill that changes.

test.each([
  ['burst', 20, 3],
  ['page', 20, 7],
  ['steady', 300, 100],
  ['crowd', 6_000, 6_000],
] as const)('%s: %i calls make %i round trips', async (name, calls, trips) => {
  expect(await playScript(scripts[name])).toEqual({ calls, trips });
});

test('a script whose calls are refused measures nothing', async () => {
  const script = { ...scripts.steady, limits: {} };
  await expect(playScript(script)).rejects.toThrow('one was refused');
});

describeWith('redis-server')('commands that Upstash bills, where each call asks', () => {
  const redis = useRedisBridge('redis-server');
  let stack: GateStack;

  beforeAll(async () => {
    // The day's statistics travel along once a second, three commands or more for all calls together: not here.
    vi.useFakeTimers({ toFake: ['Date'] });
    // Where a window ends the gate asks Redis for the time as well: these do not end meanwhile.
    const month = { limit: 1_000_000, windowSeconds: 30 * 86_400 };
    const limits = { session: month, address: month, network: month, leaseSeconds: 0 };
    stack = await startGateStack({ redis: redis(), policy: { limits } });
  });
  afterAll(async () => {
    vi.useRealTimers();
    await stack.close();
  });

  test.each([
    ['IPv4', '203.0.113.7', 4],
    ['IPv6', '2001:db8::7', 5],
  ])('%s', async (_name, address, commands) => {
    const token = await stack.mint();
    const call = async () => expect((await stack.call('/api/hello', { token, address })).status).toBe(200);
    // The script is new to Redis once, and so is Redis's clock to the gate.
    await call();
    const before = await commandsRun(redis());
    for (let calls = 0; calls < 10; calls += 1) await call();
    expect((await commandsRun(redis())) - before).toBe(10 * commands);
  });
});
