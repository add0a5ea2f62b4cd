import type { Log } from '../protocol/log.ts';
import type { ReadVariable } from './environment.ts';

/** What we use of Netlify's context, in functions and at the edge alike (@netlify/types). */
export interface PlatformContext {
  /** The caller's address. */
  ip?: string;
  site?: { url?: string };
  deploy?: { context?: string };
  /** Keeps the instance alive until the work is done. */
  waitUntil?: (work: Promise<unknown>) => void;
  /** The platform's name of the request, `X-Nf-Request-Id` in its answer. */
  requestId?: string;
}

/** What edge functions have in addition. */
export interface EdgeContext extends PlatformContext {
  /** Sends the request on to what it is for, with its conditional fields if requested. */
  next(options?: { sendConditionalRequest?: boolean }): Promise<Response>;
}

interface PlatformGlobals {
  Netlify?: {
    env: { get(name: string): string | undefined };
    /** Of the call that is being served; null between calls. Only functions have it. */
    context?: { requestId?: string } | null;
  };
  process?: { env: Record<string, string | undefined> };
  netlifyIdentityContext?: { token?: string };
}

const globals = globalThis as PlatformGlobals;

/** Reads a variable of the site: Netlify's own way where there is one, else the process's. */
export const readVariable: ReadVariable = (name) =>
  globals.Netlify ? globals.Netlify.env.get(name) : globals.process?.env[name];

/**
 * The operator token of this call: Netlify hands it to functions of a site with Identity enabled, and to nothing
 * else. Its context also names a URL, which we do not believe.
 */
export function operatorTokenOfCall(): string | undefined {
  return globals.netlifyIdentityContext?.token || undefined;
}

/**
 * Whether this is a developer's machine, as Express decides it: a process whose `NODE_ENV` is not `production`. Netlify sets no
 * `NODE_ENV` for functions; there it never is.
 */
export function isDebugMode(): boolean {
  return !globals.Netlify && globals.process !== undefined && globals.process.env.NODE_ENV !== 'production';
}

/** The platform's name of the request that is being served. */
export function requestIdOfCall(): string | undefined {
  return globals.Netlify?.context?.requestId;
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

/**
 * One line of JSON on the console, where Netlify's function log and log drains pick it up. A line that does not say which
 * request it is about gets the one that is being served, where the platform reveals it.
 */
export const logLine: Log = (event, fields = {}) => {
  console.log(
    JSON.stringify({ daypass: event, ...fields, requestId: fields.requestId ?? requestIdOfCall() }),
  );
};
