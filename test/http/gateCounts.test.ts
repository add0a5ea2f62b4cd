import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DevRedis } from '../../dev/redis/start.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { readCounts } from '../../src/store/counters.ts';
import { type GateStack, startGateStack } from '../support/gateStack.ts';
import { describeWith } from '../support/optional.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';

const day = '2027-01-15';
let stack: GateStack;
let later: Promise<unknown>[];
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  later = [];
});
afterEach(async () => {
  await stack.close();
  vi.useRealTimers();
});

async function start(redis: DevRedis, policy: PolicyInput = {}): Promise<void> {
  await command(redis, 'DEL', `daypass:stats:${day}`);
  stack = await startGateStack({
    redis,
    policy: {
      routes: [
        { path: '/api/scoped', scope: 'read' },
        { path: '/api/dead', upstream: 'DEAD' },
        { path: '/api/*' },
      ],
      ...policy,
    },
    variables: { DEAD: 'http://127.0.0.1:1/' },
    waitUntil: (work) => later.push(work),
  });
}

/** A request whose caller breaks off after so many bytes. */
function broken(bytes: number): RequestInit {
  let isSent = false;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (isSent) controller.error(new Error('broken off'));
      else controller.enqueue(new Uint8Array(bytes));
      isSent = true;
    },
  });
  return { method: 'POST', body, duplex: 'half' } as RequestInit;
}

function suite(backend: 'memory' | 'redis-server'): void {
  const bridge = useRedisBridge(backend);
  const read = async () => {
    const counts = await readCounts(patient(bridge()), Date.now());
    return Object.fromEntries(
      counts.map(({ event, code, route, count }) => [`${event} ${code} ${route}`, count]),
    );
  };

  test('what passes and what is refused is counted by code and route, also what never reaches Redis', async () => {
    await start(bridge());
    await stack.call('/api/x');
    await stack.call('/api/y/z?q=1');
    await stack.call('/api/dead');
    await stack.call('/api/scoped');
    await stack.call('/api/x', { token: 'nonsense' });
    await stack.request('/api/x');
    await stack.call('/elsewhere');
    await stack.call('/api/a%2fb');
    await stack.call('/api/x', { headers: { origin: 'https://evil.example' } });
    await Promise.all(later);
    expect(await read()).toEqual({
      'passed undefined /api/*': 2,
      'passed undefined /api/dead': 1,
      'refused insufficient_scope /api/scoped': 1,
      'refused token_malformed /api/*': 1,
      'refused token_missing /api/*': 1,
      'refused not_found undefined': 1,
      'refused path_refused undefined': 1,
      'refused foreign_origin undefined': 1,
    });
    expect(await keysForEver(bridge())).toEqual([]);
  });

  test.each(['/elsewhere', '/api/x'])(
    'the only call of an instance, to %s, is counted though refused',
    async (path) => {
      await start(bridge());
      await stack.request(path);
      await Promise.all(later);
      const counted = path === '/elsewhere' ? 'not_found undefined' : 'token_missing /api/*';
      expect(await read()).toEqual({ [`refused ${counted}`]: 1 });
    },
  );

  test.each(['enforce', 'monitor'] as const)(
    'in mode %s a call whose body is refused is counted once, also when it broke off in the stream',
    async (mode) => {
      await start(bridge(), { mode, upstream: { maxBodyBytes: 4 } });
      await stack.call('/api/x', { method: 'POST', body: 'four' });
      await stack.call('/api/x', { method: 'POST', body: 'too large' });
      await stack.call('/api/x', broken(2));
      await stack.counters.flush();
      expect(await read()).toEqual({
        'passed undefined /api/*': 1,
        'refused content_too_large /api/*': 1,
        'refused malformed_request /api/*': 1,
      });
      await stack.close();

      await start(bridge(), { mode, upstream: { maxBodyBytes: 4, stream: true } });
      await stack.call('/api/x', broken(9));
      await stack.counters.flush();
      expect(await read()).toEqual({ 'refused malformed_request /api/*': 1 });
    },
  );

  test.each([
    ['enforce', 'passed undefined /api/*'],
    ['monitor', 'would_refuse token_missing /api/*'],
  ] as const)(
    'in mode %s a caller who leaves while the upstream works counts as %s',
    async (mode, counted) => {
      await start(bridge(), { mode });
      const send = mode === 'enforce' ? stack.call : stack.request;
      let reached = () => {};
      stack.upstreamAnswers(() => reached());
      for (const init of [{}, { method: 'POST', body: 'whole' }]) {
        const caller = new AbortController();
        reached = () => caller.abort();
        await send('/api/x', { ...init, signal: caller.signal });
      }
      await Promise.all(later);
      expect(await read()).toEqual({ [counted]: 2 });
    },
  );

  test('in mode monitor a call without a token whose body is refused is counted once', async () => {
    await start(bridge(), { mode: 'monitor', upstream: { maxBodyBytes: 4 } });
    await stack.request('/api/x', { method: 'POST', body: 'too large' });
    await stack.counters.flush();
    expect(await read()).toEqual({ 'refused content_too_large /api/*': 1 });
  });

  test('a call is one request to Redis, with counts to send and without', async () => {
    await start(bridge());
    // The scripts of the limits are new to a new Redis, and cost a second request once.
    await stack.call('/api/x');
    const costs = async () => {
      const [requests, commands] = [bridge().requests, bridge().commands];
      expect((await stack.call('/api/x')).status).toBe(200);
      return [bridge().requests - requests, bridge().commands - commands];
    };
    expect(await costs()).toEqual([1, 1]);
    await stack.call('/api/x', { token: 'nonsense' });
    vi.setSystemTime(Date.now() + 1000);
    // The script that adds up what passed and what was refused.
    expect(await costs()).toEqual([1, 2]);
    expect(await costs()).toEqual([1, 1]);
    expect(await read()).toEqual({ 'passed undefined /api/*': 2, 'refused token_malformed /api/*': 1 });
    await Promise.all(later);
    expect(await read()).toEqual({ 'passed undefined /api/*': 4, 'refused token_malformed /api/*': 1 });
  });
}

describe('over Redis in memory', () => {
  suite('memory');

  const bridge = useRedisBridge();
  test('however many paths callers think of, the counts are as many as the policy has routes', async () => {
    await start(bridge());
    for (let path = 0; path < 200; path += 1) {
      await stack.call(`/api/${path}`, { token: 'nonsense' });
      await stack.call(`/${path}`, { token: 'nonsense' });
    }
    await Promise.all(later);
    expect(await command(bridge(), 'HGETALL', `daypass:stats:${day}`)).toEqual([
      'refused token_malformed /api/*',
      '200',
      'refused not_found -',
      '200',
    ]);
  });
});
describeWith('redis-server')('over a real Redis', () => suite('redis-server'));
