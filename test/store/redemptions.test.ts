import { expect, test } from 'vitest';
import { createRedemptions } from '../../src/store/redemptions.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';
import { privateSecret } from '../support/tokens.ts';

const bridge = useRedisBridge();
const { hashIdentifier } = await createPrivateKeys(privateSecret);
const connect = () => createRedemptions(patient(bridge()), hashIdentifier);

test('of forty at once, from several brokers, exactly one reserves the user', async () => {
  const brokers = Array.from({ length: 4 }, connect);
  const nonces = await Promise.all(
    Array.from({ length: 40 }, (_, index) => brokers[index % 4]?.reserve('user')),
  );
  expect(nonces.filter((nonce) => nonce !== undefined)).toHaveLength(1);
});

test('different users are reserved apart', async () => {
  const redemptions = connect();
  expect(await redemptions.reserve('first')).toBeTypeOf('string');
  expect(await redemptions.reserve('second')).toBeTypeOf('string');
});

test('a released user can be reserved again', async () => {
  const redemptions = connect();
  const nonce = (await redemptions.reserve('released')) as string;
  expect(await redemptions.reserve('released')).toBeUndefined();
  await redemptions.release('released', nonce);
  const next = await redemptions.reserve('released');
  expect(next).toBeTypeOf('string');
  expect(next).not.toBe(nonce);
});

test('nobody gives back what another took', async () => {
  const redemptions = connect();
  const stale = (await redemptions.reserve('guarded')) as string;
  await redemptions.release('guarded', stale);
  await redemptions.reserve('guarded');
  await redemptions.release('guarded', stale);
  await redemptions.release('guarded', crypto.randomUUID());
  expect(await redemptions.reserve('guarded')).toBeUndefined();
});

test('a reservation outlives an Identity token, and then expires', async () => {
  await connect().reserve('mortal');
  const key = `daypass:redemption:${await hashIdentifier('mortal')}`;
  const ttlSeconds = Number(await command(bridge(), 'TTL', key));
  expect(ttlSeconds).toBeGreaterThan(3600);
  expect(ttlSeconds).toBeLessThanOrEqual(3900);
  expect(await keysForEver(bridge())).toEqual([]);
});

test('no key names a user', async () => {
  await connect().reserve('3f0c1d2e-visible');
  const keys = (await command(bridge(), 'KEYS', '*')) as string[];
  expect(keys.join()).not.toContain('visible');
});

test('a reservation that Redis stored too late is released, and the same user can be reserved again', async () => {
  const redis = createRedis({ ...bridge(), timeoutMilliseconds: 50 });
  bridge().setFault({ kind: 'slow', delayMilliseconds: 8000 });
  try {
    const late = createRedemptions(redis, hashIdentifier);
    expect(await codeOf(() => late.reserve('user of a slow store'))).toBe('store_unavailable');
  } finally {
    bridge().setFault(undefined);
  }
  await expect.poll(() => connect().reserve('user of a slow store')).toBeTypeOf('string');
});

test('Redis away: no reservation', async () => {
  bridge().setFault({ kind: 'bad-gateway' });
  try {
    expect(await codeOf(() => connect().reserve('user of a dead store'))).toBe('store_unavailable');
    expect(await codeOf(() => connect().release('user of a dead store', 'nonce'))).toBe('store_unavailable');
  } finally {
    bridge().setFault(undefined);
  }
});
