import { randomUUID } from 'node:crypto';
import { Ratelimit } from '@upstash/ratelimit';
import { afterEach, expect, test, vi } from 'vitest';
import type { DevRedis } from '../../dev/redis/start.ts';
import { connectClient, onEachRedis } from './redisBackends.ts';

const limit = 5;
const calls = 50;

function createLimiter(bridge: DevRedis, limiter: ReturnType<typeof Ratelimit.slidingWindow>): Ratelimit {
  const redis = connectClient(bridge);
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
  afterEach(() => {
    vi.useRealTimers();
  });

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
    expect(await limiter.getRemaining('someone')).toMatchObject({ remaining: 2 });
    expect(await limiter.limit('someone', { rate: 3 })).toMatchObject({ success: false });
    await limiter.resetUsedTokens('someone');
    expect(await limiter.getRemaining('someone')).toMatchObject({ remaining: limit });
  });

  test('a window passes, and every key goes with it', async () => {
    const windowMilliseconds = 1_000;
    // The limiter goes by this clock, and so do the keys of the Redis in memory; a real server has its own.
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const redis = connectClient(bridge());
    const prefix = randomUUID();
    const limiter = new Ratelimit({
      redis,
      limiter: Ratelimit.fixedWindow(1, `${windowMilliseconds} ms`),
      prefix,
      timeout: 0,
      ephemeralCache: false,
    });
    expect(await limiter.limit('someone')).toMatchObject({ success: true });
    const refused = await limiter.limit('someone');
    expect(refused.success).toBe(false);
    vi.setSystemTime(refused.reset + 5);
    expect(await limiter.limit('someone')).toMatchObject({ success: true });
    vi.setSystemTime(refused.reset + 60_000);
    await expect.poll(() => redis.keys(`${prefix}*`)).toEqual([]);
  });
});
