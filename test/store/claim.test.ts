import { expect, test } from 'vitest';
import { createClaims } from '../../src/store/claim.ts';
import { createRedis } from '../../src/store/redis.ts';
import { createPrivateKeys } from '../../src/token/privateKeys.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';
import { privateSecret } from '../support/tokens.ts';

const bridge = useRedisBridge();
const { hashIdentifier } = await createPrivateKeys(privateSecret);
const connect = () => createClaims(patient(bridge()), hashIdentifier);

test('of forty at once, from several brokers, exactly one takes the claim', async () => {
  const brokers = Array.from({ length: 4 }, connect);
  const nonces = await Promise.all(
    Array.from({ length: 40 }, (_, index) => brokers[index % 4]?.take('user')),
  );
  expect(nonces.filter((nonce) => nonce !== undefined)).toHaveLength(1);
});

test('different users have different claims', async () => {
  const claims = connect();
  expect(await claims.take('first')).toBeTypeOf('string');
  expect(await claims.take('second')).toBeTypeOf('string');
});

test('whoever took the claim gives it back, and it can be taken again', async () => {
  const claims = connect();
  const nonce = (await claims.take('released')) as string;
  expect(await claims.take('released')).toBeUndefined();
  await claims.release('released', nonce);
  const next = await claims.take('released');
  expect(next).toBeTypeOf('string');
  expect(next).not.toBe(nonce);
});

test('nobody gives back what another took', async () => {
  const claims = connect();
  const stale = (await claims.take('guarded')) as string;
  await claims.release('guarded', stale);
  await claims.take('guarded');
  await claims.release('guarded', stale);
  await claims.release('guarded', crypto.randomUUID());
  expect(await claims.take('guarded')).toBeUndefined();
});

test('a claim outlives an Identity token, and then goes', async () => {
  await connect().take('mortal');
  const key = `daypass:claim:${await hashIdentifier('mortal')}`;
  const ttlSeconds = Number(await command(bridge(), 'TTL', key));
  expect(ttlSeconds).toBeGreaterThan(3600);
  expect(ttlSeconds).toBeLessThanOrEqual(3900);
  expect(await keysForEver(bridge())).toEqual([]);
});

test('no key names a user', async () => {
  await connect().take('3f0c1d2e-visible');
  const keys = (await command(bridge(), 'KEYS', '*')) as string[];
  expect(keys.join()).not.toContain('visible');
});

test('a claim that Redis took too late is given back, and the same user can be claimed again', async () => {
  const redis = createRedis({ ...bridge(), timeoutMilliseconds: 50 });
  bridge().setFault({ kind: 'slow', delayMilliseconds: 8000 });
  try {
    const late = createClaims(redis, hashIdentifier);
    expect(await codeOf(() => late.take('user of a slow store'))).toBe('store_unavailable');
  } finally {
    bridge().setFault(undefined);
  }
  await expect.poll(() => connect().take('user of a slow store')).toBeTypeOf('string');
});

test('Redis away: no claim', async () => {
  bridge().setFault({ kind: 'bad-gateway' });
  try {
    expect(await codeOf(() => connect().take('user of a dead store'))).toBe('store_unavailable');
    expect(await codeOf(() => connect().release('user of a dead store', 'nonce'))).toBe('store_unavailable');
  } finally {
    bridge().setFault(undefined);
  }
});
