import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { prepareRedisServer, type RedisServer } from '../../abuse/support/redisServer.ts';
import { type DevRedis, startDevRedis } from '../../dev/redis/start.ts';
import { newSubject } from '../../src/token/mint.ts';
import { connectSessionCheck } from '../support/gateParts.ts';
import { createManualTime } from '../support/manualTime.ts';
import { describeWith } from '../support/optional.ts';
import { command, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const address = '203.0.113.7';
const passes = 'nothing was thrown';

/** A session that is revoked, at Redis alone: no instance has seen it. */
async function revokeAt(bridge: DevRedis): Promise<string> {
  const subject = newSubject();
  const { hashIdentifier } = connectSessionCheck(bridge);
  await command(bridge, 'SET', `daypass:revoked:${await hashIdentifier(subject)}`, '1', 'EX', '60');
  return subject;
}

describe('while Redis is away', () => {
  const bridge = useRedisBridge();
  afterEach(() => bridge().setFault(undefined));

  test.each(['local', 'allow', 'deny'] as const)(
    '%s: a session that this instance has refused as revoked is refused without a call to Redis',
    async (storeFailure) => {
      const { checkSession } = connectSessionCheck(bridge(), {}, storeFailure);
      const subject = await revokeAt(bridge());
      expect(await codeOf(() => checkSession(subject, address))).toBe('token_revoked');
      bridge().setFault({ kind: 'bad-gateway' });
      const before = bridge().requests;
      for (let call = 0; call < 5; call += 1)
        expect(await codeOf(() => checkSession(subject, address))).toBe('token_revoked');
      expect(bridge().requests).toBe(before);
    },
  );

  test('the limit in memory goes on where Redis was, and Redis where that one was', async () => {
    const time = createManualTime();
    const { checkSession } = connectSessionCheck(bridge(), { session: 10 }, 'local', time);
    const other = connectSessionCheck(bridge(), { session: 10 });
    const subject = newSubject();
    for (let call = 0; call < 4; call += 1) await other.checkSession(subject, address);
    for (let call = 0; call < 2; call += 1) await checkSession(subject, address);
    bridge().setFault({ kind: 'bad-gateway' });
    const outcomes = async (calls: number) => {
      const codes: string[] = [];
      for (let call = 0; call < calls; call += 1)
        codes.push(await codeOf(() => checkSession(subject, address)));
      return codes.filter((code) => code === passes).length;
    };
    // Four of the other instance and two of this one are used up.
    expect(await outcomes(3)).toBe(3);
    bridge().setFault(undefined);
    expect(await outcomes(10)).toBe(1);
  });
});

describeWith('redis-server')('while Redis answers with errors', () => {
  let server: RedisServer;
  let bridge: DevRedis;
  let reader: DevRedis;
  beforeAll(async () => {
    server = await prepareRedisServer();
    await server.start();
    bridge = await startDevRedis({ redisUrl: server.url });
    await command(bridge, 'ACL', 'SETUSER', 'reader', 'on', '>password', '~*', '+@read', '+info');
    reader = await startDevRedis({ redisUrl: server.url.replace('//', '//reader:password@') });
  });
  afterAll(async () => {
    await reader?.close();
    await bridge?.close();
    await server?.stop();
  });

  const cases = [
    {
      name: 'full',
      begin: () => command(bridge, 'CONFIG', 'SET', 'maxmemory', '1'),
      end: () => command(bridge, 'CONFIG', 'SET', 'maxmemory', '0'),
      at: () => bridge,
    },
    {
      name: 'without its replicas',
      begin: () => command(bridge, 'CONFIG', 'SET', 'min-replicas-to-write', '1'),
      end: () => command(bridge, 'CONFIG', 'SET', 'min-replicas-to-write', '0'),
      at: () => bridge,
    },
    {
      name: 'read with a token that may not write',
      begin: async () => undefined,
      end: async () => undefined,
      at: () => reader,
    },
  ];
  test.each(cases)(
    '$name: revocations are asked at every call, limits are kept here',
    async ({ begin, end, at }) => {
      const time = createManualTime();
      const { checkSession, circuit, logged } = connectSessionCheck(at(), { session: 5 }, 'local', time);
      const revoked = await Promise.all(Array.from({ length: 20 }, () => revokeAt(bridge)));
      const subject = newSubject();
      await begin();
      try {
        const passed: string[] = [];
        for (const session of revoked) {
          expect(await codeOf(() => checkSession(session, address))).toBe('token_revoked');
          passed.push(await codeOf(() => checkSession(subject, address)));
          time.pass(400);
        }
        expect(passed.filter((code) => code === passes)).toHaveLength(5);
        expect(circuit.isClosed).toBe(true);
        expect(logged).toEqual(['store_refusing']);
      } finally {
        await end();
      }
    },
  );

  test.each(cases)('$name: deny refuses', async ({ begin, end, at }) => {
    const { checkSession } = connectSessionCheck(at(), {}, 'deny');
    await begin();
    try {
      expect(await codeOf(() => checkSession(newSubject(), address))).toBe('store_unavailable');
    } finally {
      await end();
    }
  });
});
