import { expect, test, vi } from 'vitest';
import { createRevocations } from '../../src/store/revocation.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();
const connect = () => createRevocations(patient(bridge()));

test('a session is revoked for everybody from the answer on, and no other is', async () => {
  await connect().revoke('mine', 60);
  expect(await connect().isRevoked('mine')).toBe(true);
  expect(await connect().isRevoked('yours')).toBe(false);
});

test('the mark goes when nothing of the session could be accepted any more', async () => {
  // The Redis in memory goes by this clock.
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  try {
    await connect().revoke('short', 0.2);
    expect(Number(await command(bridge(), 'PTTL', 'daypass:revoked:short'))).toBeGreaterThan(0);
    await connect().revoke('long', 43_200);
    expect(Number(await command(bridge(), 'TTL', 'daypass:revoked:long'))).toBe(43_200);
  } finally {
    vi.useRealTimers();
  }
  expect(await keysForEver(bridge())).toEqual([]);
});

test('no mark lives longer than any policy can need', async () => {
  for (const ttlSeconds of [2 ** 53, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
    await connect().revoke('huge', ttlSeconds);
    expect(Number(await command(bridge(), 'TTL', 'daypass:revoked:huge'))).toBe(32 * 86_400);
  }
});

test('asking does not lengthen the life of a mark', async () => {
  await connect().revoke('asked', 60);
  await command(bridge(), 'EXPIRE', 'daypass:revoked:asked', 10);
  await connect().isRevoked('asked');
  expect(Number(await command(bridge(), 'TTL', 'daypass:revoked:asked'))).toBeLessThanOrEqual(10);
});

test('Redis away: neither yes nor no', async () => {
  bridge().setFault({ kind: 'rubbish' });
  try {
    expect(await codeOf(() => connect().isRevoked('mine'))).toBe('store_unavailable');
    expect(await codeOf(() => connect().revoke('mine', 60))).toBe('store_unavailable');
  } finally {
    bridge().setFault(undefined);
  }
});
