import type { Context, Hono, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Log } from '../protocol/log.ts';
import { requestIdHeader } from '../protocol/wire.ts';

/** What an adapter hands to a Hono app along with the request. */
export interface CallerEnv {
  Bindings: {
    /** The address that the platform vouches for; never one that a header names. */
    clientAddress: string | undefined;
    /** Keeps the instance alive for work that the answer does not wait for. Left out, such work is not done. */
    waitUntil?: (work: Promise<unknown>) => void;
    /** The id that the platform gave the request; never one that a header names. */
    requestId?: string | undefined;
  };
  Variables: {
    /** See `identifyRequest`. */
    requestId: string;
    /** What the log calls the address, where the app's own path does not say it. */
    route?: string | undefined;
  };
}

/** One of our apps: broker, gate, or a protected function. */
export type App = Hono<CallerEnv>;

/** Who calls: the IP address that the platform vouches for; undefined when it gave none. */
export function callerOf(c: Context<CallerEnv>): { address: string | undefined } {
  // app.request() of a test gives no bindings.
  return { address: c.env?.clientAddress };
}

/** Short and printable, so that it fits into a field and a line of the log, and says no more than it should. */
const form = /^[\x21-\x7e]{1,128}$/;

/**
 * The id of a request: the one that it was given on its way here, if it is well-formed, else a new one.
 * @param given by the platform; to a backend, by the gate
 */
export function requestIdOf(given: string | null | undefined): string {
  return given && form.test(given) ? given : crypto.randomUUID();
}

/**
 * Names a request: the platform's id, so that its own logs can be searched by it too, else ours. What a caller sends as one
 * counts for nothing, or it could stand for another's. Stands outermost, and says so in every answer.
 */
export const identifyRequest: MiddlewareHandler<CallerEnv> = async (c, next) => {
  c.set('requestId', requestIdOf(c.env?.requestId));
  await next();
  c.res.headers.set(requestIdHeader, c.var.requestId);
};

/**
 * The log, each line of which names the request that it is about, and its route: a path of the app or the policy, never
 * one that a caller has thought of.
 */
export function logOf(c: Context<CallerEnv>, log: Log): Log {
  const path = routePath(c);
  const route = c.var.route ?? (path.includes('*') ? undefined : path);
  return (event, fields) => log(event, { ...fields, route, requestId: c.var.requestId });
}

/**
 * Keeps an answer to the caller it was made for: no cache may keep it, and none may take it for the answer to another
 * token or another origin (RFC 9111 §4.1, §5.2.2.5). Comes first, so that it has the last word, on refusals too.
 */
export const noStore: MiddlewareHandler = async (c, next) => {
  await next();
  c.res.headers.set('cache-control', 'no-store');
  c.res.headers.set('vary', 'Authorization, X-Daypass, Origin');
};
