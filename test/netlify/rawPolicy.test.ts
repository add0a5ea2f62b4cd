import { expect, test } from 'vitest';
import { createBroker, createSweep } from '../../src/netlify/createBroker.ts';
import { createGate } from '../../src/netlify/createGate.ts';
import { createIdentityFunction } from '../../src/netlify/createIdentityFunction.ts';
import { createSignupGuard } from '../../src/netlify/createSignupGuard.ts';
import { protect } from '../../src/netlify/protect.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Policy } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

const makers: Record<string, (policy: Policy) => unknown> = {
  createBroker,
  createGate,
  createSweep,
  createSignupGuard,
  createIdentityFunction: (policy) => createIdentityFunction(policy),
  protect: (policy) => protect(() => new Response(), { policy }),
};
const raw: unknown[] = [undefined, null, {}, { admission: {} }, { ...definePolicy() }];

test.each(Object.entries(makers))('%s refuses an unchecked policy, at start', (name, make) => {
  expect(() => make(definePolicy())).not.toThrow();
  const remedy = `${name}: give the policy that definePolicy returned.`;
  for (const policy of raw) {
    expect(() => make(policy as Policy)).toThrow(new ConfigurationError([remedy]));
  }
});

test('protect without options is the same mistake', () => {
  // @ts-expect-error it takes two
  expect(() => protect(() => new Response())).toThrow(ConfigurationError);
});
