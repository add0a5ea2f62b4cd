/**
 * Holds the token alone, without a scheme, where `Authorization` is taken: a browser sends `Basic` in it by itself to a
 * site with a password. The platform wants that password, so the token travels beside it.
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
