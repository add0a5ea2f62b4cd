import { errors } from '@upstash/redis/cloudflare';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createStoredWindow } from '../../src/limits/limiter.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { createRedemptions } from '../../src/store/redemptions.ts';
import { describeRedisError, type RedisErrorReason, storeCall } from '../../src/store/redis.ts';
import { prepareRedisServer, type RedisServer } from '../abuse/support/redisServer.ts';
import { describeWith } from '../support/optional.ts';
import { command, patient } from '../support/redisParts.ts';

const { UpstashError, UpstashJSONParseError } = errors;

describe('words that Redis and Upstash document', () => {
  test.each<[RedisErrorReason, string]>([
    ['unauthorized', 'WRONGPASS invalid or missing auth token, command was: [["ping"]]'],
    ['unauthorized', 'Command failed: NOAUTH Authentication required.'],
    ['unauthorized', 'Unauthorized, command was: [["ping"]]'],
    ['read_only', "Command failed: READONLY You can't write against a read only replica."],
    ['read_only', "Command failed: NOPERM this user has no permissions to run the 'eval' command"],
    ['full', "Command failed: OOM command not allowed when used memory > 'maxmemory'."],
    ['full', 'Command failed: ERR DB capacity quota exceeded'],
    ['quota_exceeded', 'Command failed: ERR max requests limit exceeded. Limit: 500000, Usage: 500001'],
    ['quota_exceeded', 'ERR max daily request limit exceeded. Limit: 10000, command was: [["ping"]]'],
    ['unexpected', 'Command failed: WRONGTYPE Operation against a key holding the wrong kind of value'],
    ['unexpected', 'Command 1 [ hgetall ] failed: LOADING Redis is loading the dataset in memory'],
    ['unreachable', 'ERR Redis is away: the connection broke, command was: [["ping"]]'],
    // What a caller put into a command is no word of Redis.
    ['unreachable', 'undefined, command was: [["set","OOM","READONLY"]]'],
  ])('%s: %s', (reason, message) => {
    expect(describeRedisError(new UpstashError(message))).toBe(reason);
  });

  test('what is no reply is no Redis', () => {
    for (const cause of [
      undefined,
      'OOM',
      new TypeError('fetch failed'),
      new DOMException('late', 'TimeoutError'),
      new UpstashJSONParseError('<h1>READONLY</h1>'),
      new DaypassError('store_unavailable'),
    ]) {
      expect(describeRedisError(cause)).toBe('unreachable');
    }
  });
});

test('a failed call tells the words of Redis, and not what was sent', async () => {
  const answer = new UpstashError('Unauthorized, command was: [["set","key","a-nonce"]]');
  const failed = await storeCall(Promise.reject(answer)).catch((error: unknown) => error as DaypassError);
  expect(failed).toMatchObject({ code: 'store_unavailable', cause: { reason: 'unauthorized' } });
  expect(`${(failed as DaypassError).cause}`).toBe('RedisError: unauthorized: Unauthorized');
  expect(describeRedisError(failed)).toBe('unauthorized');
});

describeWith('redis-server')('as a real Redis words them', () => {
  let server: RedisServer;
  let bridge: DevRedis;
  let reader: DevRedis;
  beforeAll(async () => {
    server = await prepareRedisServer();
    await server.start();
    bridge = await startDevRedis({ redisUrl: server.url });
    const rights = ['~*', '+@read', '+info', '+evalsha', '+eval'];
    await command(bridge, 'ACL', 'SETUSER', 'reader', 'on', '>password', ...rights);
    reader = await startDevRedis({ redisUrl: server.url.replace('//', '//reader:password@') });
  });
  afterAll(async () => {
    await reader?.close();
    await bridge?.close();
    await server?.stop();
  });

  const reasonOf = (call: Promise<unknown>) => call.then(() => 'done', describeRedisError);
  const writesOf = (target: DevRedis) => ({
    redemption: createRedemptions(patient(target), async (id) => id).reserve('user'),
    limit: createStoredWindow(
      patient(target),
      { name: 'session', key: 'session', limit: 5, windowSeconds: 60, algorithm: 'sliding-window' },
      () => Date.now(),
    ).consume('someone'),
  });

  test('full', async () => {
    await command(bridge, 'CONFIG', 'SET', 'maxmemory', '1');
    const { redemption, limit } = writesOf(bridge);
    expect([await reasonOf(redemption), await reasonOf(limit)]).toEqual(['full', 'full']);
    await command(bridge, 'CONFIG', 'SET', 'maxmemory', '0');
  });

  test('a user that may only read', async () => {
    const { redemption, limit } = writesOf(reader);
    expect([await reasonOf(redemption), await reasonOf(limit)]).toEqual(['read_only', 'read_only']);
  });

  test('another type than the command expects', async () => {
    await command(bridge, 'LPUSH', 'list', 'item');
    await command(bridge, 'EXPIRE', 'list', '60');
    expect(await reasonOf(patient(bridge).get('list'))).toBe('unexpected');
  });

  test('a bearer that is not the one', async () => {
    expect(await reasonOf(patient({ ...bridge, token: 'another' }).ping())).toBe('unauthorized');
  });
});
