import { afterEach, expect, test } from 'vitest';
import { limitAddress } from '../../src/broker/limits.ts';
import { hashBuckets } from '../../src/limits/address.ts';
import { type BrokerStack, startBrokerStack } from '../support/brokerStack.ts';
import { codeOf } from '../support/rejection.ts';

let stack: BrokerStack;
afterEach(() => stack.close());

test.each(['exchange', 'status'] as const)(
  '%s: a /64 is one caller, a /48 gets ten times as much, in one request',
  async (name) => {
    const limit = { limit: 2, windowSeconds: 3600 };
    stack = await startBrokerStack({ policy: { limits: { exchange: limit, status: limit } } });
    const call = (address: string) =>
      codeOf(async () =>
        limitAddress(stack.broker, name, await hashBuckets(stack.broker.privateKeys.hashIdentifier, address)),
      );
    const passes = 'nothing was thrown';
    expect(await call('2001:db8:1:1::1')).toBe(passes);
    const before = stack.redis.requests;
    expect(await call('2001:db8:1:1::2')).toBe(passes);
    expect(stack.redis.requests - before).toBe(1);
    expect(await call('2001:db8:1:1::3')).toBe('rate_limited');
    // Of the twenty, the /64 above took its own two.
    for (let site = 1; site <= 18; site += 1) expect(await call(`2001:db8:1:a${site}::1`)).toBe(passes);
    expect(await call('2001:db8:1:b::1')).toBe('rate_limited');
    expect(await call('2001:db8:2:1::1')).toBe(passes);
    expect(await call('203.0.113.1')).toBe(passes);
  },
);
