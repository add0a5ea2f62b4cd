import { expect, test, vi } from 'vitest';
import { definePolicy, requirePolicy } from '../../src/policy/define.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

const remedy = 'createGate: give the policy that definePolicy returned.';

test('what definePolicy returned is a policy, by another copy of the package too', async () => {
  vi.resetModules();
  const copy = await import('../../src/policy/define.ts');
  expect(copy.definePolicy).not.toBe(definePolicy);
  for (const policy of [definePolicy(), copy.definePolicy()]) {
    expect(() => requirePolicy('createGate', policy)).not.toThrow();
  }
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['what one would give definePolicy', { limits: {} }],
  ['definePolicy itself', definePolicy],
  ['a module', { default: definePolicy() }],
  ['a copy with changes in it', { ...definePolicy(), routes: 'all' }],
  ['what inherits from one', Object.create(definePolicy())],
])('%s is none', (_, policy) => {
  expect(() => requirePolicy('createGate', policy)).toThrow(new ConfigurationError([remedy]));
});

test('the mark does not show', () => {
  const policy = definePolicy();
  expect(JSON.parse(JSON.stringify(policy))).not.toHaveProperty('daypass.policy');
  expect(Object.getOwnPropertySymbols({ ...policy })).toEqual([]);
});
