import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isAllowedOrigin } from './origin.ts';

/** Fields of ours that a page of another origin may read. */
export const exposed = ['Retry-After', 'RateLimit', 'RateLimit-Policy', 'WWW-Authenticate'];

/** What a page of another origin may do with an API behind the check. */
export const apiMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** CORS for the policy's origins; a page of the site itself needs none (Fetch standard, HTTP extensions). */
export function allowOrigins(origins: readonly string[], methods: readonly string[]): MiddlewareHandler {
  return cors({
    origin: (origin, c) => (isAllowedOrigin(origin, c.req.raw, origins) ? origin : null),
    allowMethods: [...methods],
    allowHeaders: [],
    exposeHeaders: exposed,
    maxAge: 600,
  });
}
