import { type AddressLimiters, type CreateLimiter, createAddressLimiters } from '../limits/limiter.ts';
import type { Policy } from '../policy/types.ts';

/** What the guard counts by. */
export type GuardLimiters = Readonly<Record<'signup' | 'login', AddressLimiters>>;

export function createGuardLimiters(
  create: CreateLimiter,
  { limits }: Pick<Policy, 'limits'>,
): GuardLimiters {
  return {
    signup: createAddressLimiters(create, 'signup', limits.signup),
    login: createAddressLimiters(create, 'login', limits.login),
  };
}
