import type { Checks } from './checks.ts';
import { defaultLimits } from './defaults.ts';
import type { Limit, Limits, Policy } from './types.ts';

/** Checks `limits` and fills in their defaults. */
export function checkLimits(checks: Checks, input: Partial<Limits>): Policy['limits'] {
  const given: Partial<Limits> = checks.object('limits', input, Object.keys(defaultLimits)) ?? {};
  const limits = Object.entries<Limit>(defaultLimits).map(([name, usual]) => {
    const { [name as keyof Limits]: limit = usual } = given;
    return [name, checkLimit(checks, `limits.${name}`, limit, usual.algorithm)];
  });
  return Object.fromEntries(limits) as Policy['limits'];
}

function checkLimit(
  checks: Checks,
  at: string,
  input: Limit,
  usualAlgorithm: Limit['algorithm'] = 'sliding-window',
): Required<Limit> | undefined {
  const given = checks.object(at, input, ['limit', 'windowSeconds', 'algorithm']);
  if (!given) return undefined;
  const { limit, windowSeconds, algorithm = usualAlgorithm } = given;
  checks.wholeNumber(`${at}.limit`, limit, 1, 1_000_000_000);
  checks.wholeNumber(`${at}.windowSeconds`, windowSeconds, 1, 86_400);
  checks.oneOf(`${at}.algorithm`, algorithm, ['sliding-window', 'fixed-window']);
  return { limit, windowSeconds, algorithm };
}
