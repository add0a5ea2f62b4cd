import { beforeEach, expect, test } from 'vitest';
import {
  type AddressLimiters,
  countAddress,
  createAddressLimiters,
  hashBuckets,
} from '../../src/limits/addressLimiters.ts';
import { createLimiter } from '../../src/limits/limiter.ts';
import { createLocalLimiter } from '../../src/limits/localLimiter.ts';
import { patient, useRedisBridge } from '../support/redisParts.ts';

const bridge = useRedisBridge();
const limit = { limit: 2, windowSeconds: 3600, algorithm: 'fixed-window' } as const;
const hashed = async (identifier: string) => `hash of ${identifier}`;
const call = async (limiters: AddressLimiters, address: string | undefined) =>
  countAddress(limiters, await hashBuckets(hashed, address));

let stored: AddressLimiters;
let tests = 0;
beforeEach(() => {
  const redis = patient(bridge());
  tests += 1;
  stored = createAddressLimiters((name, rule) => createLimiter(redis, name, rule), `login${tests}`, limit);
});

test('an IPv4 address has one bucket, a /64 has its own and that of its /48, all of them hashed', async () => {
  expect(await hashBuckets(hashed, '::ffff:203.0.113.7')).toEqual({
    address: 'hash of 203.0.113.7',
    network: undefined,
  });
  expect(await hashBuckets(hashed, '2001:db8:1:2::3')).toEqual({
    address: 'hash of 2001:db8:1:2::/64',
    network: 'hash of 2001:db8:1::/48',
  });
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

test('the flood of an address uses up no more of its network than its own limit, and one call', async () => {
  for (let calls = 0; calls < 50; calls += 1) await call(stored, '2001:db8:1:1::1');
  const [, network] = await call(stored, '2001:db8:1:2::1');
  expect(network?.remaining).toBe(16);
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

test('it counts in memory as well', async () => {
  const local = createAddressLimiters(createLocalLimiter, 'login', limit);
  for (let calls = 0; calls < 2; calls += 1) await call(local, '203.0.113.7');
  expect((await call(local, '203.0.113.7')).map((decision) => decision.allowed)).toEqual([false]);
  expect((await call(local, '203.0.113.8')).map((decision) => decision.allowed)).toEqual([true]);
});
