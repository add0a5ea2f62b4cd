import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isLeftOf } from '../support/redisParts.ts';
import { connectClient, onEachRedis } from './redisBackends.ts';

// Single commands, through the client that the product ships with.

onEachRedis('commands', (bridge) => {
  describe('SET', () => {
    test('NX EX is given once', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      const given = await Promise.all(
        Array.from({ length: 50 }, (_, index) => redis.set(key, `n${index}`, { nx: true, ex: 100 })),
      );
      expect(given.filter((answer) => answer === 'OK')).toHaveLength(1);
      expect(await redis.get(key)).toBe(`n${given.indexOf('OK')}`);
      expect(await redis.ttl(key)).toSatisfy(isLeftOf(100));
    });

    test('its options may come in any case and order', async () => {
      const redis = connectClient(bridge());
      const orders = [
        ['nx', 'ex', '100'],
        ['EX', '100', 'NX'],
        ['Ex', '100', 'nX'],
        ['px', '100000', 'nx'],
      ];
      for (const options of orders) {
        const key = randomUUID();
        expect(await redis.exec(['set', key, 'first', ...options])).toBe('OK');
        expect(await redis.exec(['set', key, 'second', ...options])).toBeNull();
        expect(await redis.get(key)).toBe('first');
        expect(await redis.ttl(key)).toSatisfy(isLeftOf(100));
      }
    });

    test('option words are values where a value belongs', async () => {
      const redis = connectClient(bridge());
      const key = `nx:${randomUUID()}`;
      await redis.set(key, 'ex');
      expect(await redis.get(key)).toBe('ex');
      await redis.hset(key.toUpperCase(), { ex: 'nx' });
      expect(await redis.hgetall(key.toUpperCase())).toEqual({ ex: 'nx' });
    });

    test('XX, GET and a SET without TTL', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      expect(await redis.set(key, 'a', { xx: true })).toBeNull();
      await redis.set(key, 'a', { ex: 100 });
      expect(await redis.set(key, 'b', { get: true, px: 50_000 })).toBe('a');
      expect(await redis.ttl(key)).toSatisfy(isLeftOf(50));
      await redis.set(key, 'c', { xx: true });
      expect(await redis.ttl(key)).toBe(-1);
    });

    test('wrong options are refused', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      const refusals = [
        [['NX', 'XX'], 'ERR syntax error'],
        [['EX'], 'ERR syntax error'],
        [['nonsense'], 'ERR syntax error'],
        [['EX', '1', 'PX', '1'], 'ERR syntax error'],
        [['EX', 'soon'], 'ERR value is not an integer or out of range'],
        [['EX', '0'], "ERR invalid expire time in 'set' command"],
      ] as const;
      for (const [options, error] of refusals) {
        await expect(redis.exec(['SET', key, 'v', ...options])).rejects.toThrow(error);
      }
      expect(await redis.exists(key)).toBe(0);
    });
  });

  describe('TTL', () => {
    test('keys go when their time is up', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      await redis.set(key, 'v', { px: 100 });
      await redis.set(`${key}:2`, 'v', { ex: 100 });
      expect(await redis.pexpire(`${key}:2`, 100)).toBe(1);
      await expect.poll(() => redis.exists(key, `${key}:2`)).toBe(0);
      expect(await redis.ttl(key)).toBe(-2);
      expect(await redis.set(key, 'again', { nx: true, ex: 10 })).toBe('OK');
    });

    test('can be set, read and taken off', async () => {
      const redis = connectClient(bridge());
      const key = randomUUID();
      expect(await redis.expire(key, 10)).toBe(0);
      await redis.set(key, 'v');
      expect(await redis.ttl(key)).toBe(-1);
      expect(await redis.expire(key, 100)).toBe(1);
      expect(await redis.ttl(key)).toSatisfy(isLeftOf(100));
      expect(await redis.persist(key)).toBe(1);
      expect(await redis.ttl(key)).toBe(-1);
      await expect(redis.exec(['EXPIRE', key, 'soon'])).rejects.toThrow('ERR value is not an integer');
    });
  });

  test('GETDEL is given once', async () => {
    const redis = connectClient(bridge());
    const key = randomUUID();
    await redis.set(key, 'v', { ex: 100 });
    const taken = await Promise.all(Array.from({ length: 20 }, () => redis.getdel(key)));
    expect(taken.filter((value) => value === 'v')).toHaveLength(1);
    expect(await redis.ttl(key)).toBe(-2);
  });

  test('sorted sets, lists, sets and scans, with options as the client sends them', async () => {
    const redis = connectClient(bridge());
    const key = randomUUID();
    expect(
      await redis.zadd(key, { nx: true }, { score: 1, member: 'gt' }, { score: 2.5, member: 'lt' }),
    ).toBe(2);
    expect(await redis.zadd(key, { nx: true }, { score: 9, member: 'gt' })).toBe(0);
    expect(await redis.zrange(key, 0, -1, { withScores: true })).toEqual(['gt', 1, 'lt', 2.5]);
    expect(await redis.zrange(key, 5, 2, { byScore: true, rev: true })).toEqual(['lt']);
    expect(await redis.zscore(key, 'gt')).toBe(1);
    expect(await redis.rpush(`${key}:list`, 'before', 'after')).toBe(2);
    expect(await redis.linsert(`${key}:list`, 'before', 'after', 'left')).toBe(3);
    expect(await redis.lrange(`${key}:list`, 0, -1)).toEqual(['before', 'left', 'after']);
    expect(await redis.lmove(`${key}:list`, `${key}:list`, 'left', 'right')).toBe('before');
    expect(await redis.sadd(`${key}:set`, 'count')).toBe(1);
    expect(await redis.smembers(`${key}:set`)).toEqual(['count']);
    expect(await redis.getex(`${key}:none`, { ex: 5 })).toBeNull();
    const found: string[] = [];
    let cursor = '0';
    do {
      const [next, keys] = await redis.scan(cursor, { match: `${key}*`, count: 1000 });
      cursor = next;
      found.push(...keys);
    } while (cursor !== '0');
    expect(found.sort()).toEqual([key, `${key}:list`, `${key}:set`]);
  });

  test('a wrong token is an error that says so', async () => {
    await expect(connectClient(bridge(), { token: 'wrong' }).get('k')).rejects.toThrow(
      'WRONGPASS invalid or missing auth token',
    );
  });
});
