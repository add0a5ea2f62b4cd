import { randomUUID } from 'node:crypto';
import { Ratelimit } from '@upstash/ratelimit';
import { Redis } from '@upstash/redis';
import { expect, test } from 'vitest';
import type { RedisBridge } from '../../src/dev/redis/start.ts';
import { onEachRedis } from './redisBackends.ts';

const limit = 5;
const calls = 50;

function createLimiter(bridge: RedisBridge, limiter: ReturnType<typeof Ratelimit.slidingWindow>): Ratelimit {
  const redis = new Redis({ url: bridge.url, token: bridge.token, retry: false, enableTelemetry: false });
  return new Ratelimit({
    redis,
    limiter,
    prefix: randomUUID(),
    timeout: 0,
    ephemeralCache: false,
    analytics: false,
  });
}

onEachRedis('limits', (bridge) => {
  test.each([
    ['sliding window', Ratelimit.slidingWindow(limit, '1 h')],
    ['fixed window', Ratelimit.fixedWindow(limit, '1 h')],
    ['token bucket', Ratelimit.tokenBucket(limit, '1 h', limit)],
  ] as const)('%s: of many at once exactly the limit pass', async (_name, algorithm) => {
    const limiter = createLimiter(bridge(), algorithm);
    const answers = await Promise.all(Array.from({ length: calls }, () => limiter.limit('someone')));
    expect(answers.filter(({ success }) => success)).toHaveLength(limit);
    expect(answers.filter(({ reason }) => reason === 'timeout')).toEqual([]);
    expect(Math.min(...answers.map(({ remaining }) => remaining))).toBe(0);

    const other = await limiter.limit('someone else');
    expect(other).toMatchObject({ success: true, limit, remaining: limit - 1 });
    expect(other.reset).toBeGreaterThan(Date.now());
  });

  test('once the script is known, a check is one request, and concurrent checks are one', async () => {
    const limiter = createLimiter(bridge(), Ratelimit.slidingWindow(limit, '1 h'));
    await limiter.limit('first');
    const before = bridge().requests;
    await limiter.limit('second');
    expect(bridge().requests - before).toBe(1);
    await Promise.all(Array.from({ length: 10 }, (_, index) => limiter.limit(`caller ${index}`)));
    expect(bridge().requests - before).toBe(2);
  });

  test('what is left can be read, several can be taken at once, and all can be given back', async () => {
    const limiter = createLimiter(bridge(), Ratelimit.slidingWindow(limit, '1 h'));
    expect(await limiter.limit('someone', { rate: 3 })).toMatchObject({ success: true, remaining: 2 });
    expect(await limiter.limit('someone', { rate: 3 })).toMatchObject({ success: false });
    expect(await limiter.getRemaining('someone')).toMatchObject({ remaining: 2 });
    await limiter.resetUsedTokens('someone');
    expect(await limiter.getRemaining('someone')).toMatchObject({ remaining: limit });
  });

  test('a window passes, and every key has a TTL', async () => {
    const limiter = createLimiter(bridge(), Ratelimit.fixedWindow(1, '300 ms'));
    // The second of two in one window is refused; near its end they may fall into two.
    let second = { success: true, reset: 0 };
    for (let attempt = 0; attempt < 5 && second.success; attempt += 1) {
      await limiter.limit(`someone ${attempt}`);
      second = await limiter.limit(`someone ${attempt}`);
    }
    expect(second.success).toBe(false);
    expect(second.reset - Date.now()).toBeLessThanOrEqual(300);
  });
});
