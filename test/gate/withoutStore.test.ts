import { expect, test } from 'vitest';
import { createGateLimiters } from '../../src/gate/limits.ts';
import { createWithoutStore } from '../../src/gate/withoutStore.ts';
import { createLocalLimiter } from '../../src/limits/localLimiter.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { DaypassError } from '../../src/protocol/error.ts';

// What each policy does behind a real gate is in test/http/storeFailure.test.ts.

function connect(input: PolicyInput) {
  const policy = definePolicy(input);
  return createWithoutStore(policy, createGateLimiters(createLocalLimiter, policy));
}

const buckets = { session: 'session', address: 'address', network: 'network' };
const away = new DaypassError('store_unavailable');

test('local counts in every bucket of the call, and in no other', async () => {
  const decide = connect({ limits: { network: { limit: 2, windowSeconds: 60 } } });
  const names = async (changes: object) =>
    (await decide({ ...buckets, ...changes }, away)).map(({ name, allowed }) => `${name} ${allowed}`);
  expect(await names({})).toEqual(['session true', 'address true', 'network true']);
  expect(await names({ session: undefined })).toEqual(['address true', 'network true']);
  expect(await names({ address: 'other' })).toEqual(['network false']);
  expect(await names({ network: undefined })).toEqual(['session true', 'address true']);
});

test('local counts no more for a network what its address may not do', async () => {
  const rule = { windowSeconds: 60 };
  const limits = { address: { ...rule, limit: 2 }, network: { ...rule, limit: 5 } };
  const decide = connect({ limits });
  for (let call = 0; call < 20; call += 1) await decide({ ...buckets, session: `session ${call}` }, away);
  const decisions = await decide({ ...buckets, address: 'other' }, away);
  expect(decisions.map(({ name, remaining }) => [name, remaining])).toContainEqual(['network', 2]);
});

test.each(['local', 'deny', 'allow'] as const)(
  '%s lets nobody through for a mistake of ours',
  async (storeFailure) => {
    const decide = connect({ storeFailure });
    for (const reason of [new TypeError('ours'), new DaypassError('internal_error')]) {
      await expect(decide(buckets, reason)).rejects.toBe(reason);
    }
  },
);

test('deny passes the reason on', async () => {
  const decide = connect({ storeFailure: 'deny' });
  await expect(decide(buckets, away)).rejects.toBe(away);
});
