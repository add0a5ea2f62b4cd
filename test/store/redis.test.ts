import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errors } from '@upstash/redis/cloudflare';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { prepareRedisServer, type RedisServer } from '../../abuse/support/redisServer.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { createStoredWindow } from '../../src/limits/limiter.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { createCircuit } from '../../src/store/circuit.ts';
import { createIdleTimer } from '../../src/store/clocks.ts';
import { createRedemptions } from '../../src/store/redemptions.ts';
import { createRedis, describeRedisError, type RedisErrorReason, storeCall } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { describeWith } from '../support/optional.ts';
import { command, patient, useRedisBridge } from '../support/redisParts.ts';

const bridge = useRedisBridge();
const servers: Server[] = [];

afterEach(() => {
  bridge().setFault(undefined);
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A call that Redis answers, or does not. */
const ping = (redis: ReturnType<typeof createRedis>) =>
  createRedemptions(redis, async (id) => id).reserve(crypto.randomUUID());

/** A server that is no Redis. */
async function listen(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function failureOf(call: Promise<unknown>): Promise<DaypassError> {
  const outcome = await call.then(
    (value) => new Error(`answered ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (!(outcome instanceof DaypassError)) throw outcome;
  return outcome;
}

test('a live Redis says so', async () => {
  await ping(patient(bridge()));
});

describe('every failure is store_unavailable, with its cause', () => {
  test.each([
    ['hang', { kind: 'hang' }],
    ['bad gateway', { kind: 'bad-gateway' }],
    ['rubbish', { kind: 'rubbish' }],
    ['slowness', { kind: 'slow', delayMilliseconds: 2_000 }],
  ] as const)('%s', async (_name, fault) => {
    bridge().setFault(fault);
    const error = await failureOf(ping(createRedis(bridge())));
    expect(error).toMatchObject({ code: 'store_unavailable', status: 503, retryAfterSeconds: 2 });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test('a connection refused', async () => {
    const url = await listen(() => undefined);
    for (const server of servers.splice(0)) server.close();
    expect((await failureOf(ping(createRedis({ url, token: 'x' })))).code).toBe('store_unavailable');
  });

  test('a wrong token, which is not repeated', async () => {
    const error = await failureOf(ping(createRedis({ url: bridge().url, token: 'not-the-token' })));
    expect(error.code).toBe('store_unavailable');
    expect(`${error.message} ${error.cause}`).not.toContain('not-the-token');
  });
});

test('what comes while this process is busy for longer than a call may take is read', async () => {
  const circuit = createCircuit({
    idleTimer: createIdleTimer(),
    now: () => performance.now(),
    onChange: () => undefined,
  });
  const redis = createRedis(bridge());
  for (let times = 0; times < 3; times += 1) {
    const calls = Array.from({ length: 20 }, () => circuit.run(() => ping(redis)));
    await new Promise((resolve) => setTimeout(resolve));
    const end = performance.now() + 400;
    while (performance.now() < end);
    await Promise.all(calls);
  }
});

test('a request that fails on the network is not sent again', async () => {
  const fetches = vi.spyOn(globalThis, 'fetch').mockRejectedValue(new TypeError('the connection broke'));
  try {
    await failureOf(storeCall(createRedis(bridge()).get('key')));
    expect(fetches).toHaveBeenCalledTimes(1);
  } finally {
    fetches.mockRestore();
  }
});

test('commands of one tick are one request, reads among them only when they are sent as writes', async () => {
  const redis = patient(bridge());
  const before = bridge().requests;
  await Promise.all([
    redis.set('one', '1', { ex: 60 }),
    redis.getex('one'),
    redis.set('two', '2', { ex: 60 }),
  ]);
  expect(bridge().requests - before).toBe(1);
});

test('values come back as the text that they were', async () => {
  const redis = patient(bridge());
  for (const text of ['007', 'true', 'null', '{"a":1}', '1e400', 'ünïcødé']) {
    await redis.set('text', text, { ex: 60 });
    expect(await redis.get('text')).toBe(text);
  }
});

// A proxy in between may answer anything, and valid JSON is not yet Redis.
describe('an answer that Redis does not give is no answer', () => {
  const bodies = [
    '{}',
    '[]',
    '[{}]',
    '[null]',
    '[{"result":"Zm9v"}]',
    '[{"result":7}]',
    '{"result":[[]]}',
    '"OK"',
  ];

  test.each(bodies)('%s', async (body) => {
    const url = await listen((_request, response) => response.end(body));
    const redis = createRedis({ url, token: 'x' });
    const redemptions = createRedemptions(redis, async (identifier) => identifier);
    const revocations = createRevocations(redis, { now: () => Date.now() });
    for (const call of [
      () => redemptions.reserve('user'),
      () => revocations.isRevoked('session'),
      () => revocations.revoke('session', 60),
      () => ping(redis),
    ]) {
      expect((await failureOf(call())).code).toBe('store_unavailable');
    }
  });
});

test('a success is handed through as it is', async () => {
  expect(await storeCall(Promise.resolve('value'))).toBe('value');
});

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

test("a failed call repeats Redis's message, and not what was sent", async () => {
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
