/**
 * Carries only the token, without a scheme, where `Authorization` is taken: to a site with a password, a browser sends
 * `Basic` by itself, and the platform needs it.
 */
export const tokenHeader = 'x-daypass';

/** Names a request in its answer, in every line of the log about it, and to the upstream. */
export const requestIdHeader = 'x-request-id';

/** Fields of ours that a page of another origin may read. */
export const exposedHeaders = [
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'X-Request-Id',
];
