import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { connectClient, onEachRedis } from './redisBackends.ts';

// What travels: odd values, and many commands at once.

onEachRedis('batches', (bridge) => {
  describe('values', () => {
    const values = [
      ...[
        '',
        ' ',
        'OK',
        'null',
        '"quoted"',
        '{"a":1}',
        'aGVsbG8=',
        'true',
        '1e999',
        '9007199254740993',
        '007',
      ],
      ...[
        '\u0000\u0001\u007f',
        'line\r\nline',
        'é€😀',
        'e\u0301',
        '\u202eabc',
        '\ufffd',
        '%00%ff',
        'a'.repeat(100_000),
      ],
    ];

    test.each(['base64', false] as const)('come back as they went, encoding %s', async (responseEncoding) => {
      const redis = connectClient(bridge(), { responseEncoding, automaticDeserialization: false });
      const key = randomUUID();
      for (const value of values) {
        await redis.exec(['SET', key, value]);
        expect(await redis.get(key)).toBe(value);
        await redis.exec(['HSET', `${key}:hash`, value, value]);
      }
      const pairs: unknown = await redis.exec(['HGETALL', `${key}:hash`]);
      expect(new Set(pairs as string[])).toEqual(new Set(values));
      expect(await redis.exec(['HLEN', `${key}:hash`])).toBe(values.length);
      expect(await redis.exec(['MGET', key, `${key}:none`])).toEqual([values.at(-1), null]);
    });

    test('keys may be any text', async () => {
      const redis = connectClient(bridge());
      const prefix = randomUUID();
      for (const key of ['', ' ', 'constructor', 'toString', 'é\u0000😀', 'a/b?c#d']) {
        expect(await redis.get(`${prefix}${key}`)).toBeNull();
        await redis.set(`${prefix}${key}`, key.length);
        expect(await redis.get(`${prefix}${key}`)).toBe(key.length);
      }
    });
  });

  describe('many at once', () => {
    test('a pipeline is one request, with an error in its place', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      const { requests, commands } = bridge();
      const pipeline = redis.pipeline().set(key, 'v').evalsha('f'.repeat(40), [], []).get(key);
      const replies: unknown = await pipeline.exec({ keepErrors: true });
      expect(replies).toMatchObject([
        { result: 'OK' },
        { error: 'NOSCRIPT No matching script. Please use EVAL.' },
        { result: 'v' },
      ]);
      expect(bridge().requests - requests).toBe(1);
      expect(bridge().commands - commands).toBe(3);
    });

    test('a transaction is one request, and nothing comes between', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      const { requests } = bridge();
      const transactions = Array.from({ length: 20 }, () =>
        redis.multi().incr(key).incr(key).decr(key).exec(),
      );
      for (const [first, second, third] of await Promise.all(transactions)) {
        expect([second, third]).toEqual([Number(first) + 1, Number(first)]);
      }
      expect(bridge().requests - requests).toBe(20);
      expect(await redis.get(key)).toBe(20);
    });

    test('commands of one tick merge into one request', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      const { requests, commands } = bridge();
      const counts = await Promise.all(Array.from({ length: 100 }, () => redis.incr(key)));
      expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(bridge().requests - requests).toBe(1);
      expect(bridge().commands - commands).toBe(100);
    });
  });
});
