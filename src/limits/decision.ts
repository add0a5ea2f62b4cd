import { DaypassError } from '../protocol/error.ts';

/** What one window of a limit said of one call. */
export interface Decision {
  /** What `RateLimit` calls the window: see `Meter`. */
  name: string;
  allowed: boolean;
  limit: number;
  windowSeconds: number;
  /** Calls left in the window, never below 0. */
  remaining: number;
  /** Seconds until the window ends, at least 1. */
  resetSeconds: number;
}

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

/**
 * `RateLimit-Policy` and `RateLimit` of one answer (draft-ietf-httpapi-ratelimit-headers-10): what each limit allows,
 * what is left of it, and in how many seconds it resets. The one with the least left stands first. No fields where no
 * limit applies.
 */
export function rateLimitFields(given: readonly Decision[]): Record<string, string> {
  if (given.length === 0) return {};
  const decisions = [...given].sort((one, other) => one.remaining - other.remaining);
  return {
    'ratelimit-policy': decisions
      .map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`)
      .join(', '),
    ratelimit: decisions
      .map(({ name, remaining, resetSeconds }) => `"${name}";r=${remaining};t=${resetSeconds}`)
      .join(', '),
  };
}
