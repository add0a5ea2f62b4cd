import type { Context, Hono } from 'hono';
import type { Caller } from '../broker/dependencies.ts';

/** What an adapter hands to a Hono app beside the request. */
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
  };
}

/** An app of ours: broker, gate, or a protected function. */
export type App = Hono<CallerEnv>;

export function callerOf(c: Context<CallerEnv>): Caller {
  // app.request() of a test gives no bindings.
  return { address: c.env?.clientAddress };
}
