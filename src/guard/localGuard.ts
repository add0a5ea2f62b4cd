import { createLocalLimiters } from '../limits/localLimiter.ts';
import { createSmallBodies } from '../limits/requestBodies.ts';
import type { Policy } from '../policy/types.ts';
import type { Log } from '../protocol/log.ts';
import { createGuard, type Guard } from './guard.ts';
import { createGuardLimiters } from './limiters.ts';

/**
 * A guard without Redis and without secrets, for a site whose configuration is at fault: its members pass, and each
 * instance counts in its own memory.
 */
export function createLocalGuard(policy: Policy, log: Log, now: () => number): Guard {
  const limiters = createGuardLimiters(createLocalLimiters(now), policy);
  return createGuard({
    // What is kept in memory alone need not be hidden.
    hashIdentifier: async (identifier) => identifier,
    limiters,
    localLimiters: limiters,
    circuit: { run: (call) => call() },
    bodies: createSmallBodies(policy),
    membersDenied: policy.admission?.members === 'deny',
    audience: policy.identity.audience,
    log,
  });
}
