import type { MiddlewareHandler } from 'hono';

/**
 * Keeps an answer to the caller it was made for: no cache may keep it, and none may take it for the answer to another
 * token or another origin (RFC 9111 §4.1, §5.2.2.5). Comes first, so that it has the last word, on refusals too.
 */
export const forOneCaller: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set('cache-control', 'no-store');
  c.res.headers.set('vary', 'Authorization, X-Daypass, Origin');
};
