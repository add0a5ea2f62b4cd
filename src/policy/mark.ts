import { ConfigurationError } from '../protocol/error.ts';
import type { Policy } from './types.ts';

// A site may hold two copies of the package, and define its policy with the one and serve it with the other: the mark
// is the same symbol in both. It is not enumerable: a copy with changes in it is a policy that nobody checked.
const mark = Symbol.for('daypass.policy');

/** Marks a policy as checked. */
export function markPolicy(policy: Policy): void {
  Object.defineProperty(policy, mark, { value: true });
}

/**
 * Refuses a policy that nobody checked: a site whose code is not type-checked may hand over anything.
 * @param caller who was given it, for the error
 * @throws {ConfigurationError} a TypeError: `definePolicy` did not return it
 */
export function requirePolicy(caller: string, policy: unknown): asserts policy is Policy {
  if (typeof policy === 'object' && policy !== null && Object.hasOwn(policy, mark)) return;
  throw new ConfigurationError([`${caller}: give the policy that definePolicy returned.`]);
}
