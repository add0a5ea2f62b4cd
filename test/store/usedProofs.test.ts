import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createRedis } from '../../src/store/redis.ts';
import { createUsedProofs } from '../../src/store/usedProofs.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { describeWith } from '../support/optional.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';
import { privateSecret } from '../support/tokens.ts';

const { hashIdentifier } = await createPrivateKeys(privateSecret);
const ada = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';
const bob = '3f0c1d2e-0000-4000-8000-000000000000';

// Each test has minutes of its own, since the load is the whole site's.
let minute = Math.floor(Date.UTC(2026, 10, 21) / 60_000);
const at = (minutes: number, seconds = 0) => vi.setSystemTime((minute + minutes) * 60_000 + seconds * 1000);
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  minute += 10;
  at(0);
});
afterEach(() => {
  vi.useRealTimers();
});

function suite(backend: 'memory' | 'redis-server'): void {
  const bridge = useRedisBridge(backend);
  const connect = () => createUsedProofs(patient(bridge()), hashIdentifier, () => Date.now());

  test('no mark lives longer than any challenge can', async () => {
    const proof = crypto.randomUUID();
    expect(await connect().use(proof, ada, 2 ** 53)).toBe(true);
    const key = `daypass:proof:${await hashIdentifier(proof)}`;
    expect(Number(await command(bridge(), 'TTL', key))).toBe(7200);
  });

  test('a proof is one user`s, as often as that one asks, and no other`s', async () => {
    const proofs = connect();
    const proof = crypto.randomUUID();
    const answers = [];
    for (const user of [ada, ada, bob, ada, bob]) answers.push(await proofs.use(proof, user, 60));
    expect(answers).toEqual([true, true, false, true, false]);
    expect([await proofs.wasUsedBy(proof, ada), await proofs.wasUsedBy(proof, bob)]).toEqual([true, false]);
    expect(await proofs.wasUsedBy('another', ada)).toBe(false);
    expect(await connect().use('another', bob, 60)).toBe(true);
  });

  test('of forty users at once, over several connections, one uses it', async () => {
    const proof = crypto.randomUUID();
    const connections = Array.from({ length: 4 }, connect);
    const uses = Array.from({ length: 40 }, (_, index) =>
      connections[index % 4]?.use(proof, crypto.randomUUID(), 60),
    );
    expect((await Promise.all(uses)).filter(Boolean)).toHaveLength(1);
    expect(await connect().load()).toBe(1);
  });

  test('a proof counts as one admission, once', async () => {
    const proofs = connect();
    for (const user of [ada, ada, bob]) await proofs.use('counted', user, 60);
    await proofs.use('counted too', bob, 60);
    expect(await proofs.load()).toBe(2);
  });

  test('the load slides: a minute that has passed weighs as much as still lies in the last sixty seconds', async () => {
    const proofs = connect();
    for (let count = 0; count < 8; count += 1) await proofs.use(crypto.randomUUID(), ada, 60);
    at(0, 59);
    expect(await proofs.load()).toBe(8);
    at(1, 0);
    expect(await proofs.load()).toBe(8);
    at(1, 15);
    expect(await proofs.load()).toBe(6);
    await proofs.use(crypto.randomUUID(), ada, 60);
    at(1, 45);
    expect(await proofs.load()).toBe(3);
    at(2, 30);
    expect(await proofs.load()).toBe(0.5);
    at(3, 0);
    expect(await proofs.load()).toBe(0);
  });

  test('a mark lives as long as requested, and no key for ever', async () => {
    await connect().use('mortal', ada, 359.2);
    const mark = `daypass:proof:${await hashIdentifier('mortal')}`;
    expect(Number(await command(bridge(), 'TTL', mark))).toBeGreaterThan(350);
    expect(Number(await command(bridge(), 'TTL', mark))).toBeLessThanOrEqual(360);
    expect(Number(await command(bridge(), 'TTL', `daypass:load:${minute}`))).toBeGreaterThan(170);
    expect(await keysForEver(bridge())).toEqual([]);
  });

  test('neither proofs nor users stand in Redis', async () => {
    await connect().use('the-visible-proof', ada, 60);
    const keys = (await command(bridge(), 'KEYS', '*')) as string[];
    const marks = keys.filter((key) => key.startsWith('daypass:proof:'));
    const values = (await command(bridge(), 'MGET', ...marks)) as string[];
    expect(keys.join()).not.toContain('visible');
    expect(values).toContain(await hashIdentifier(ada));
    expect(values.join()).not.toContain(ada);
  });
}

describe('over Redis in memory', () => suite('memory'));
describeWith('redis-server')('over a real Redis', () => suite('redis-server'));

describe('what Redis does not answer', () => {
  const bridge = useRedisBridge();

  test('Redis away: nothing is used, nothing is known', async () => {
    bridge().setFault({ kind: 'bad-gateway' });
    const proofs = createUsedProofs(createRedis(bridge()), hashIdentifier, () => Date.now());
    const calls = [() => proofs.use('p', ada, 60), () => proofs.wasUsedBy('p', ada), () => proofs.load()];
    for (const call of calls) expect(await codeOf(call)).toBe('store_unavailable');
    bridge().setFault(undefined);
    expect(await proofs.wasUsedBy('p', ada)).toBe(false);
  });

  test.each([
    '[{"result":7}]',
    '[{"result":"T0s="}]',
    '[{"result":["x","y"]}]',
    '[{"result":[null]}]',
    '[{}]',
    '{}',
  ])('%s is no answer', async (body) => {
    const fetches = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(body));
    try {
      const proofs = createUsedProofs(
        createRedis({ url: 'http://127.0.0.1:1', token: 'x' }),
        hashIdentifier,
        () => Date.now(),
      );
      expect(await codeOf(() => proofs.use('p', ada, 60))).toBe('store_unavailable');
      expect(await codeOf(() => proofs.load())).toBe('store_unavailable');
    } finally {
      fetches.mockRestore();
    }
  });
});
