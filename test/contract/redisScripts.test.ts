import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashScript as hash } from '../../dev/redis/command.ts';
import { connectClient, onEachRedis } from './redisBackends.ts';

// EVAL, EVALSHA and SCRIPT, through the client that the product ships with.

onEachRedis('scripts', (bridge) => {
  test('compare-and-delete by EVAL', async () => {
    const redis = connectClient(bridge());
    const key = randomUUID();
    const script =
      "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
    await redis.set(key, 'mine');
    expect(await redis.eval(script, [key], ['other'])).toBe(0);
    expect(await redis.eval(script, [key], ['mine'])).toBe(1);
    expect(await redis.eval(script, [key], ['mine'])).toBe(0);
  });

  test('EVALSHA says NOSCRIPT until the first EVAL', async () => {
    const redis = connectClient(bridge());
    const script = `return 'once ${randomUUID()}'`;
    const missing = redis.evalsha(hash(script), [], []);
    await expect(missing).rejects.toThrow('NOSCRIPT No matching script. Please use EVAL.');
    await redis.eval(script, [], []);
    expect(await redis.evalsha(hash(script), [], [])).toMatch(/^once /);
    expect(await redis.evalsha(hash(script).toUpperCase(), [], [])).toMatch(/^once /);
  });

  test("a script with Upstash's flag goes by the hash that upstream knows it by", async () => {
    const redis = connectClient(bridge());
    const script = `#!lua flags=allow-key-locking\nreturn {KEYS[1], '${randomUUID()}'}`;
    await expect(redis.evalsha(hash(script), ['k'], [])).rejects.toThrow('NOSCRIPT');
    expect(await redis.eval(script, ['k'], [])).toEqual(['k', expect.any(String)]);
    expect(await redis.evalsha(hash(script), ['k'], [])).toEqual(['k', expect.any(String)]);
  });

  test('SCRIPT LOAD, EXISTS and FLUSH', async () => {
    const redis = connectClient(bridge());
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
    const redis = connectClient(bridge());
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
      ["redis.call('HSET', KEYS[1] .. 'h', 'a', 1) return redis.call('HGETALL', KEYS[1] .. 'h')", ['a', '1']],
      ["return redis.call('HMGET', KEYS[1] .. 'h', 'none', 'a')[1] == false", 1],
      ["return redis.call('HMGET', KEYS[1] .. 'h', 'none', 'a')", [null, '1']],
      ["redis.call('XADD', KEYS[1] .. 'x', '1-1', 'f', 'v') return redis.call('XLEN', KEYS[1] .. 'x')", 1],
      ["return redis.call('set', KEYS[1] .. 's', 'a', 'nx', 'ex', 99)", 'OK'],
      ["return redis.call('set', KEYS[1] .. 's', 'b', 'nx', 'ex', 99)", null],
      ["local ttl = redis.call('TTL', KEYS[1] .. 's') return ttl > 39 and ttl <= 99", 1],
      ["local r = redis.pcall('GETDEL', KEYS[1] .. 'h') return string.sub(r.err, 1, 9)", 'WRONGTYPE'],
    ];
    const plain = connectClient(bridge(), { automaticDeserialization: false });
    for (const [script, expected] of cases) {
      expect([script, await plain.eval(script, [key], ['one', 'two'])]).toEqual([script, expected]);
    }
    await redis.del(key, `${key}h`, `${key}x`, `${key}s`);
  });

  test('errors of scripts are errors', async () => {
    const redis = connectClient(bridge());
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
    const redis = connectClient(bridge());
    const key = randomUUID();
    await expect(redis.eval("redis.call('SET', KEYS[1], 'v') error('late')", [key], [])).rejects.toThrow(
      'late',
    );
    expect(await redis.get(key)).toBe('v');
  });
});
