import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { DaypassError } from '../../src/protocol/error.ts';
import { createCircuit } from '../../src/store/circuit.ts';
import { createIdleTimer } from '../../src/store/idleTimer.ts';
import { createRedemptions } from '../../src/store/redemptions.ts';
import { createRedis, storeCall } from '../../src/store/redis.ts';
import { createRevocations } from '../../src/store/revocations.ts';
import { patient, useRedisBridge } from '../support/redisParts.ts';

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
