import { createHash, randomUUID } from 'node:crypto';
import { Redis } from '@upstash/redis';
import { describe, expect, test, vi } from 'vitest';
import type { RedisBridge } from '../../src/dev/redis/start.ts';
import { onEachRedis } from './redisBackends.ts';

// What the product sends, through the client that it ships with.

function connect(bridge: RedisBridge, token = bridge.token, options = {}): Redis {
  return new Redis({ url: bridge.url, token, retry: false, enableTelemetry: false, ...options });
}

const hash = (script: string) => createHash('sha1').update(script).digest('hex');

onEachRedis('client', (bridge) => {
  describe('SET', () => {
    test('NX EX is given once', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      const given = await Promise.all(
        Array.from({ length: 50 }, (_, index) => redis.set(key, `n${index}`, { nx: true, ex: 100 })),
      );
      expect(given.filter((answer) => answer === 'OK')).toHaveLength(1);
      expect(await redis.get(key)).toBe(`n${given.indexOf('OK')}`);
      expect(await redis.ttl(key)).toBe(100);
    });

    test('its options may come in any case and order', async () => {
      const redis = connect(bridge());
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
        expect(await redis.ttl(key)).toBe(100);
      }
    });

    test('option words are values where a value belongs', async () => {
      const redis = connect(bridge());
      const key = `nx:${randomUUID()}`;
      await redis.set(key, 'ex');
      expect(await redis.get(key)).toBe('ex');
      await redis.hset(key.toUpperCase(), { ex: 'nx' });
      expect(await redis.hgetall(key.toUpperCase())).toEqual({ ex: 'nx' });
    });

    test('XX, GET and a SET without TTL', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      expect(await redis.set(key, 'a', { xx: true })).toBeNull();
      await redis.set(key, 'a', { ex: 100 });
      expect(await redis.set(key, 'b', { get: true, px: 50_000 })).toBe('a');
      expect(await redis.ttl(key)).toBe(50);
      await redis.set(key, 'c', { xx: true });
      expect(await redis.ttl(key)).toBe(-1);
    });

    test('wrong options are refused', async () => {
      const redis = connect(bridge());
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
      const redis = connect(bridge());
      const key = randomUUID();
      await redis.set(key, 'v', { px: 80 });
      await redis.set(`${key}:2`, 'v');
      expect(await redis.pexpire(`${key}:2`, 80)).toBe(1);
      expect(await redis.exists(key, `${key}:2`)).toBe(2);
      await vi.waitFor(async () => expect(await redis.exists(key, `${key}:2`)).toBe(0), { interval: 20 });
      expect(await redis.ttl(key)).toBe(-2);
      expect(await redis.set(key, 'again', { nx: true, ex: 10 })).toBe('OK');
    });

    test('can be set, read and taken off', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      expect(await redis.expire(key, 10)).toBe(0);
      await redis.set(key, 'v');
      expect(await redis.ttl(key)).toBe(-1);
      expect(await redis.expire(key, 10)).toBe(1);
      expect(await redis.ttl(key)).toBe(10);
      expect(await redis.persist(key)).toBe(1);
      expect(await redis.ttl(key)).toBe(-1);
      await expect(redis.exec(['EXPIRE', key, 'soon'])).rejects.toThrow('ERR value is not an integer');
    });
  });

  test('GETDEL is given once', async () => {
    const redis = connect(bridge());
    const key = randomUUID();
    await redis.set(key, 'v', { ex: 100 });
    const taken = await Promise.all(Array.from({ length: 20 }, () => redis.getdel(key)));
    expect(taken.filter((value) => value === 'v')).toHaveLength(1);
    expect(await redis.ttl(key)).toBe(-2);
  });

  describe('scripts', () => {
    test('compare-and-delete by EVAL', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      const script =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
      await redis.set(key, 'mine');
      expect(await redis.eval(script, [key], ['other'])).toBe(0);
      expect(await redis.eval(script, [key], ['mine'])).toBe(1);
      expect(await redis.eval(script, [key], ['mine'])).toBe(0);
    });

    test('EVALSHA says NOSCRIPT until the first EVAL', async () => {
      const redis = connect(bridge());
      const script = `return 'once ${randomUUID()}'`;
      const missing = redis.evalsha(hash(script), [], []);
      await expect(missing).rejects.toThrow('NOSCRIPT No matching script. Please use EVAL.');
      await redis.eval(script, [], []);
      expect(await redis.evalsha(hash(script), [], [])).toMatch(/^once /);
      expect(await redis.evalsha(hash(script).toUpperCase(), [], [])).toMatch(/^once /);
    });

    test("a script with Upstash's flag goes by the hash that upstream knows it by", async () => {
      const redis = connect(bridge());
      const script = `#!lua flags=allow-key-locking\nreturn {KEYS[1], '${randomUUID()}'}`;
      await expect(redis.evalsha(hash(script), ['k'], [])).rejects.toThrow('NOSCRIPT');
      expect(await redis.eval(script, ['k'], [])).toEqual(['k', expect.any(String)]);
      expect(await redis.evalsha(hash(script), ['k'], [])).toEqual(['k', expect.any(String)]);
    });

    test('SCRIPT LOAD, EXISTS and FLUSH', async () => {
      const redis = connect(bridge());
      const plain = `return 'plain ${randomUUID()}'`;
      const flagged = `#!lua flags=allow-key-locking\nreturn 'flagged ${randomUUID()}'`;
      const names = [hash(plain), hash(flagged)];
      expect(await redis.scriptExists(...names)).toEqual([0, 0]);
      expect(await redis.scriptLoad(plain)).toBe(hash(plain));
      expect(await redis.scriptLoad(flagged)).toBe(hash(flagged));
      expect(await redis.scriptExists(...names)).toEqual([1, 1]);
      expect(await redis.evalsha(hash(flagged), [], [])).toMatch(/^flagged /);
      expect(await redis.scriptFlush()).toBe('OK');
      expect(await redis.scriptExists(...names)).toEqual([0, 0]);
      await expect(redis.evalsha(hash(flagged), [], [])).rejects.toThrow('NOSCRIPT');
    });

    test('values change hands as in Redis', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      const cases: [string, unknown][] = [
        ['return 3.7', 3],
        ['return -3.7', -3],
        ['return true', 1],
        ['return false', null],
        ['return nil', null],
        ["local nothing = 'said'", null],
        ['return {1, {2, "a"}, "b"}', [1, [2, 'a'], 'b']],
        ['return {1, nil, 3}', [1]],
        ['return {}', []],
        ["return {ok = 'FINE'}", 'FINE'],
        ["return redis.status_reply('FINE')", 'FINE'],
        ['return {#KEYS, #ARGV, KEYS[1] == ARGV[1]}', [1, 2, null]],
        ["return 'é€😀' .. #'é'", 'é€😀2'],
        ["redis.call('SET', KEYS[1], 5) return redis.call('GET', KEYS[1]) == '5'", 1],
        ["return 'n' .. redis.call('INCR', KEYS[1])", 'n6'],
        ["return redis.call('GET', KEYS[1] .. ':none') == false", 1],
        [
          "redis.call('HSET', KEYS[1] .. 'h', 'a', 1) return redis.call('HGETALL', KEYS[1] .. 'h')",
          ['a', '1'],
        ],
        ["return redis.call('HMGET', KEYS[1] .. 'h', 'none', 'a')[1] == false", 1],
        ["return redis.call('HMGET', KEYS[1] .. 'h', 'none', 'a')", [null, '1']],
        ["redis.call('XADD', KEYS[1] .. 'x', '1-1', 'f', 'v') return redis.call('XLEN', KEYS[1] .. 'x')", 1],
        ["return redis.call('set', KEYS[1] .. 's', 'a', 'nx', 'ex', 9)", 'OK'],
        ["return redis.call('set', KEYS[1] .. 's', 'b', 'nx', 'ex', 9)", null],
        ["return redis.call('TTL', KEYS[1] .. 's')", 9],
        ["local r = redis.pcall('GETDEL', KEYS[1] .. 'h') return string.sub(r.err, 1, 9)", 'WRONGTYPE'],
      ];
      const plain = connect(bridge(), bridge().token, { automaticDeserialization: false });
      for (const [script, expected] of cases) {
        expect([script, await plain.eval(script, [key], ['one', 'two'])]).toEqual([script, expected]);
      }
      await redis.del(key, `${key}h`, `${key}x`, `${key}s`);
    });

    test('errors of scripts are errors', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      await redis.hset(key, { field: 'value' });
      const run = (script: string, keys = [key]) => redis.eval(script, keys, []);
      await expect(run("return {err = 'MINE went wrong'}")).rejects.toThrow('MINE went wrong');
      await expect(run("return redis.error_reply('MINE went wrong')")).rejects.toThrow('MINE went wrong');
      await expect(run("return redis.call('GETDEL', KEYS[1])")).rejects.toThrow('WRONGTYPE');
      await expect(run("redis.call('NONSENSE')")).rejects.toThrow('ERR');
      await expect(run('\nreturn nothing.there')).rejects.toThrow(/:2:/);
      await expect(run('return return')).rejects.toThrow('ERR Error compiling script');
      await expect(redis.exec(['EVAL', 'return 1', '2', 'k'])).rejects.toThrow('ERR Number of keys');
      await expect(redis.exec(['EVAL', 'return 1', 'x'])).rejects.toThrow('ERR value is not an integer');
    });

    test('what a script wrote before it failed is kept, as Redis keeps it', async () => {
      const redis = connect(bridge());
      const key = randomUUID();
      await expect(redis.eval("redis.call('SET', KEYS[1], 'v') error('late')", [key], [])).rejects.toThrow(
        'late',
      );
      expect(await redis.get(key)).toBe('v');
    });
  });

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
      const redis = connect(bridge(), bridge().token, { responseEncoding, automaticDeserialization: false });
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
      const redis = connect(bridge());
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
      const redis = connect(bridge());
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
      const redis = connect(bridge());
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
      const redis = connect(bridge());
      const key = randomUUID();
      const { requests, commands } = bridge();
      const counts = await Promise.all(Array.from({ length: 100 }, () => redis.incr(key)));
      expect(counts).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
      expect(bridge().requests - requests).toBe(1);
      expect(bridge().commands - commands).toBe(100);
    });
  });

  test('sorted sets, lists, sets and scans, with options as the client sends them', async () => {
    const redis = connect(bridge());
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
    await expect(connect(bridge(), 'wrong').get('k')).rejects.toThrow(
      'WRONGPASS invalid or missing auth token',
    );
  });
});
