import { describe, expect, test, vi } from 'vitest';
import { createRevocations } from '../../src/store/revocations.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';
import { codeOf } from '../support/rejection.ts';

const bridge = useRedisBridge();
const connect = () => createRevocations(patient(bridge()), { now: () => Date.now() });

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

describe('what an instance has seen', () => {
  const connectAt = (clock: { now: number }, rememberSeconds = 3600) =>
    createRevocations(patient(bridge()), { rememberSeconds, now: () => clock.now });

  test('is known without asking, until no token of the session could be accepted any more', async () => {
    const clock = { now: 1_800_000_000_000 };
    const revocations = connectAt(clock);
    await connect().revoke('seen', 60);
    expect(revocations.isKnown('seen')).toBe(false);
    expect(await revocations.isRevoked('seen')).toBe(true);
    await command(bridge(), 'FLUSHALL');
    const before = bridge().requests;
    clock.now += 3_599_999;
    expect(revocations.isKnown('seen')).toBe(true);
    expect(await revocations.isRevoked('seen')).toBe(true);
    expect(bridge().requests).toBe(before);
    clock.now += 1;
    expect(revocations.isKnown('seen')).toBe(false);
    expect(await revocations.isRevoked('seen')).toBe(false);
  });

  test('so is what it revoked itself, and other sessions are looked up again', async () => {
    const revocations = connectAt({ now: 0 });
    await revocations.revoke('own', 60);
    expect(revocations.isKnown('own')).toBe(true);
    expect(await revocations.isRevoked('other')).toBe(false);
    await connect().revoke('other', 60);
    expect(await revocations.isRevoked('other')).toBe(true);
  });

  test('is bounded: those that were known longest are asked for again', async () => {
    const sessions = Array.from({ length: 10_001 }, (_, index) => `session ${index}`);
    const redis = { set: async () => 'OK' } as unknown as Parameters<typeof createRevocations>[0];
    const many = createRevocations(redis, { now: () => 0 });
    for (const session of sessions) await many.revoke(session, 60);
    expect(many.isKnown('session 0')).toBe(false);
    expect(many.isKnown('session 1')).toBe(true);
    expect(many.isKnown('session 10000')).toBe(true);
  });
});
