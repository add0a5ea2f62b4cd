import type { Context, MiddlewareHandler } from 'hono';
import { readPrice, takePrice } from '../limits/price.ts';
import { DaypassError } from '../protocol/error.ts';
import { requestIdHeader } from '../protocol/wire.ts';
import type { AccessToken } from '../token/claims.ts';
import {
  type AccessTokenOptions,
  type CheckRuntime,
  createAccessTokenCheck,
  joinField,
  type PassedCall,
  varyByToken,
} from './accessTokenCheck.ts';
import { requestIdOf } from './context.ts';

/** What the middleware leaves for the handlers behind it. */
export interface AccessTokenEnv {
  Variables: {
    accessToken: AccessToken;
    /** What finds the request in the logs: of hono/request-id where that has run, else the gate's, else a new one. */
    requestId: string;
  };
}

/** What `requireAccessToken` of `daypass/hono` takes. */
export type HonoOptions = AccessTokenOptions<Context>;

/**
 * Hono middleware: see `daypass/hono`.
 * @throws {ConfigurationError} a TypeError: an option is invalid or unknown
 */
export function createHonoMiddleware(
  options: HonoOptions,
  runtime: CheckRuntime<Context>,
): MiddlewareHandler<AccessTokenEnv> {
  const { check, refuse, flush } = createAccessTokenCheck(options, runtime);
  return async (c, next) => {
    const requestId = c.var.requestId ?? requestIdOf(c.req.header(requestIdHeader));
    c.set('requestId', requestId);
    let passed: PassedCall | undefined;
    try {
      passed = await check(c.req.raw.headers, c);
      c.set('accessToken', passed.accessToken);
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      // Takes over the fields that CORS has set.
      c.res = refuse(error);
    }
    if (passed) {
      const { raw } = c.req;
      await next();
      finish(c, passed, raw);
    }
    // All of these copy the answer where its fields cannot be changed.
    c.header('vary', varyByToken(c.res.headers.get('vary') ?? ''));
    if (!c.res.headers.has(requestIdHeader)) c.header(requestIdHeader, requestId);
    afterwards(c, flush());
  };
}

/**
 * Says what is left, and charges the price that the answer names.
 * @param request as it came in: `bodyLimit` further in replaces it
 */
function finish(c: Context, { fields, price }: PassedCall, request: Request): void {
  for (const [name, value] of Object.entries(fields))
    c.header(name, joinField(c.res.headers.get(name) ?? '', value));
  if (!price) return;
  const { field, charge } = price;
  // By the context, which all readers of this app share, wherever `bodyLimit` stands among them.
  const named = takePrice(c, field, c.res.headers.get(field));
  if (named !== undefined) charge(readPrice(named));
  // For `protect` around this app, which knows the request that it was given.
  takePrice(request, field, named);
  if (c.res.headers.has(field)) c.header(field, undefined);
}

/** Work that no answer waits for. Servers go on after an answer; where they do not, they have a `waitUntil`. */
function afterwards(c: Context, work: Promise<void>): void {
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Hono throws if the runtime has none.
  }
}
