import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hashBuckets } from '../../src/limits/address.ts';
import {
  type AddressLimiters,
  consumeAddress,
  createAddressLimiters,
  createStoredWindow,
  overWindows,
} from '../../src/limits/limiter.ts';
import {
  createFallbackLimiters,
  createLimiterPairs,
  createLocalLimiters,
} from '../../src/limits/localLimiter.ts';
import { command, keysForEver, patient, useRedisBridge } from '../support/redisParts.ts';

const bridge = useRedisBridge();
const limit = { limit: 2, windowSeconds: 3600, algorithm: 'fixed-window' } as const;
const hashed = async (identifier: string) => `hash of ${identifier}`;
const call = async (limiters: AddressLimiters, address: string | undefined) =>
  consumeAddress(limiters, await hashBuckets(hashed, address));

let stored: AddressLimiters;
let tests = 0;
beforeEach(() => {
  const redis = patient(bridge());
  tests += 1;
  stored = createAddressLimiters(
    overWindows((meter) => createStoredWindow(redis, meter, () => Date.now())),
    `login${tests}`,
    [limit],
  );
});

test('an IPv4 address has one bucket, a /64 has its own and that of its /48, all of them hashed', async () => {
  expect(await hashBuckets(hashed, '::ffff:203.0.113.7')).toEqual({
    address: 'hash of 203.0.113.7',
    network: undefined,
    isKnown: true,
  });
  expect(await hashBuckets(hashed, '2001:db8:1:2::3')).toEqual({
    address: 'hash of 2001:db8:1:2::/64',
    network: 'hash of 2001:db8:1::/48',
    isKnown: true,
  });
  expect(await hashBuckets(hashed, 'nonsense')).toMatchObject({ isKnown: false });
});

test('65 536 addresses of a /64 are one bucket', async () => {
  const buckets = new Set<string>();
  for (let host = 0; host < 65_536; host += 1) {
    buckets.add((await hashBuckets(hashed, `2001:db8:1:2:0:0:${host.toString(16)}:1`)).address);
  }
  expect([...buckets]).toEqual(['hash of 2001:db8:1:2::/64']);
});

test('a /48 gets ten times the limit of an address, and both are counted in one request', async () => {
  await call(stored, '2001:db8:1:0::1');
  const before = bridge().requests;
  const decisions = await call(stored, '2001:db8:1:1::1');
  expect(bridge().requests - before).toBe(1);
  expect(decisions.map(({ name, limit: most, remaining }) => [name, most, remaining])).toEqual([
    [`login${tests}`, 2, 1],
    [`login${tests}-network`, 20, 18],
  ]);
  for (let site = 2; site < 20; site += 1) await call(stored, `2001:db8:1:${site}::1`);
  const allowed = (await call(stored, '2001:db8:1:a::1')).map((decision) => decision.allowed);
  expect(allowed).toEqual([true, false]);
  expect((await call(stored, '2001:db8:2:a::1')).map((decision) => decision.allowed)).toEqual([true, true]);
});

test('the flood of an address uses up no more of its network than its own limit', async () => {
  for (let calls = 0; calls < 50; calls += 1) await call(stored, '2001:db8:1:1::1');
  const [, network] = await call(stored, '2001:db8:1:2::1');
  expect(network?.remaining).toBe(17);
});

test('a call that its network refuses takes nothing from its address', async () => {
  const other = createAddressLimiters(
    overWindows((meter) => createStoredWindow(patient(bridge()), meter, () => Date.now())),
    `login${tests}`,
    [limit],
  );
  for (let site = 0; site < 20; site += 1) await call(stored, `2001:db8:1:${site.toString(16)}::1`);
  // An instance that does not know yet that the network is over its limit.
  expect((await call(other, '2001:db8:1:a0::1')).map(({ allowed }) => allowed)).toEqual([true, false]);
  const { address } = await hashBuckets(hashed, '2001:db8:1:a0::1');
  expect((await other.address.consume(address)).map(({ remaining }) => remaining)).toEqual([1]);
});

test('a network over its limit costs Redis nothing, however many of its addresses call', async () => {
  for (let site = 0; site < 21; site += 1) await call(stored, `2001:db8:1:${site.toString(16)}::1`);
  const before = bridge().requests;
  for (let site = 100; site < 200; site += 1) {
    const decisions = await call(stored, `2001:db8:1:${site}::1`);
    expect(decisions.map(({ name, allowed }) => [name, allowed])).toEqual([[`login${tests}-network`, false]]);
  }
  expect(bridge().requests).toBe(before);
});

describe('a limit of several windows', () => {
  const minute = { limit: 2, windowSeconds: 60, algorithm: 'fixed-window' } as const;
  const day = { limit: 3, windowSeconds: 86_400, algorithm: 'fixed-window' } as const;
  let time = 1_800_000_000_000;
  const create = {
    'in Redis': () => {
      const redis = patient(bridge());
      return overWindows((meter) => createStoredWindow(redis, meter, () => Date.now()));
    },
    'in memory': () => createLocalLimiters(() => time),
    'in Redis, followed in memory': () => createLimiterPairs(patient(bridge()), () => time).stored,
  };
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now: time });
  });
  afterEach(() => vi.useRealTimers());
  const advance = (milliseconds: number) => {
    time += milliseconds;
    vi.setSystemTime(time);
  };

  test.each(Object.entries(create))(
    '%s: all hold, and a refused call takes nothing of the others',
    async (_, make) => {
      const limiter = make()(`several${tests}`, [minute, day]);
      const consume = async () =>
        (await limiter.consume('someone')).map(({ allowed, remaining }) => `${allowed} ${remaining}`);
      expect(await consume()).toEqual(['true 1', 'true 2']);
      expect(await consume()).toEqual(['true 0', 'true 1']);
      for (let calls = 0; calls < 3; calls += 1) expect((await consume())[0]).toBe('false 0');
      expect(limiter.peek('someone')).toMatchObject({ name: `several${tests}-60`, allowed: false });
      advance(60_001);
      expect(await consume()).toEqual(['true 1', 'true 0']);
      // Two of this minute's are left, and none of the day's.
      for (let calls = 0; calls < 3; calls += 1) expect((await consume())[1]).toBe('false 0');
      expect(limiter.peek('someone')).toMatchObject({ name: `several${tests}-86400`, allowed: false });
      await limiter.refund('someone');
      expect(limiter.peek('another')).toBeUndefined();
      advance(86_400_001);
      expect(await consume()).toEqual(['true 1', 'true 2']);
    },
  );

  test('all are counted in one request, and each has a key of its own', async () => {
    const limiter = create['in Redis']()(`several${tests}`, [minute, day]);
    await limiter.consume('first');
    const before = bridge().requests;
    const decisions = await limiter.consume('someone');
    expect(bridge().requests - before).toBe(1);
    expect(decisions.map(({ name }) => name)).toEqual([`several${tests}-60`, `several${tests}-86400`]);
    const keys = (await command(bridge(), 'KEYS', `daypass:limit:several${tests}:*:someone:*`)) as string[];
    expect(keys.map((key) => key.split(':')[3]).toSorted()).toEqual(['60', '86400']);
    expect(await keysForEver(bridge())).toEqual([]);
  });

  test('where Redis is away, all of them hold in memory', async () => {
    const limiter = createFallbackLimiters(patient(bridge()), () => time)(`several${tests}`, [minute, day]);
    bridge().setFault({ kind: 'bad-gateway' });
    const passed = async () => {
      const decisions = await limiter.consume('someone');
      return decisions.every(({ allowed }) => allowed);
    };
    expect([await passed(), await passed(), await passed()]).toEqual([true, true, false]);
    advance(60_001);
    expect([await passed(), await passed()]).toEqual([true, false]);
    bridge().setFault(undefined);
  });

  test('a /48 gets ten times each window', async () => {
    const limiters = createAddressLimiters(
      createLocalLimiters(() => time),
      'login',
      [minute, day],
    );
    expect((await call(limiters, '2001:db8::1')).map(({ name, limit: most }) => [name, most])).toEqual([
      ['login-60', 2],
      ['login-86400', 3],
      ['login-network-60', 20],
      ['login-network-86400', 30],
    ]);
  });
});

test('it counts in memory as well', async () => {
  const local = createAddressLimiters(
    createLocalLimiters(() => Date.now()),
    'login',
    [limit],
  );
  for (let calls = 0; calls < 2; calls += 1) await call(local, '203.0.113.7');
  expect((await call(local, '203.0.113.7')).map((decision) => decision.allowed)).toEqual([false]);
  expect((await call(local, '203.0.113.8')).map((decision) => decision.allowed)).toEqual([true]);
});
