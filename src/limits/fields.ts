import type { Decision } from './limiter.ts';

/**
 * `RateLimit-Policy` and `RateLimit` of one answer (draft-ietf-httpapi-ratelimit-headers-10): what each limit allows,
 * what is left of it, and in how many seconds it starts anew. The one with the least left stands first. None where no limit
 * was asked.
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
