import { DaypassError } from '../protocol/error.ts';
import { rateLimitFields } from './fields.ts';
import type { Decision } from './limiter.ts';

/**
 * Refuses a call that any of its limits refused.
 * @throws {DaypassError} `rate_limited`, to be tried again when the last of the refusing windows has ended
 */
export function enforce(decisions: readonly Decision[]): void {
  const refusing = decisions.filter((decision) => !decision.allowed);
  if (refusing.length === 0) return;
  throw new DaypassError('rate_limited', {
    retryAfterSeconds: Math.max(...refusing.map((decision) => decision.resetSeconds)),
    headers: rateLimitFields(decisions),
  });
}
