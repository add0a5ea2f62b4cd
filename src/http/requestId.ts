import type { Context, MiddlewareHandler } from 'hono';
import { requestIdHeader } from '../protocol/headers.ts';
import type { Log } from '../protocol/log.ts';
import type { CallerEnv } from './caller.ts';

/** Short and printable, so that it fits into a field and a line of the log, and says no more than it should. */
const form = /^[\x21-\x7e]{1,128}$/;

/**
 * The id of a request: one that somebody in front gave it, where it can be one, else a new one.
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

/** The log, each line of which names the request that it is about. */
export function logOf(c: Context<CallerEnv>, log: Log): Log {
  return (event, fields) => log(event, { ...fields, requestId: c.var.requestId });
}
