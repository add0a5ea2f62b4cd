import { DaypassError } from '../protocol/error.ts';
import { requestIdHeader, tokenHeader } from '../protocol/headers.ts';
import type { AccessToken } from '../token/accessToken.ts';
import { type AccessTokenOptions, createAccessTokenCheck, varyByToken } from './accessTokenCheck.ts';
import { requestIdOf } from './requestId.ts';

/** What of a request is read: Express 4 and 5, and whatever else hands on Node's `IncomingMessage`. */
export interface ExpressRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Node keeps the first of two `Authorization` fields in `headers`, and both of them here. */
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
  daypass?: AccessToken | undefined;
}

/** What of a response is used. */
export interface ExpressResponse {
  statusCode: number;
  hasHeader(name: string): boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

/** Lets a request through with `req.daypass`, or answers it. Fits wherever Express takes a handler. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/**
 * Express middleware: see `daypass/express`.
 * @param isDebugMode the default of the option `debug`
 * @throws {ConfigurationError} a TypeError: an option is at fault, or there is none of this name
 */
export function createExpressMiddleware(options: AccessTokenOptions, isDebugMode = false): ExpressMiddleware {
  const { check, refuse } = createAccessTokenCheck(options, isDebugMode);

  /** Whether the caller is let in. Who is not has been answered. */
  async function isLetIn(request: ExpressRequest, response: ExpressResponse): Promise<boolean> {
    // Not where a middleware before this one names requests. Two fields of one name are joined, and no id then.
    if (!response.hasHeader(requestIdHeader))
      response.setHeader(requestIdHeader, requestIdOf(String(request.headers[requestIdHeader] ?? '')));
    response.setHeader('vary', varyByToken([response.getHeader('vary') ?? []].flat().join(', ')));
    try {
      request.daypass = await check(headersOf(request));
      return true;
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      const refusal = refuse(error);
      response.statusCode = refusal.status;
      for (const [name, value] of refusal.headers) response.setHeader(name, value);
      response.end(await refusal.text());
      return false;
    }
  }

  return async (request, response, next) => {
    try {
      // Express 4 awaits no handler: what this throws, where an answer was sent before, would end the process.
      if (!(await isLetIn(request, response))) return;
    } catch (error) {
      return next(error);
    }
    // Not within the try: what a handler behind throws is no refusal.
    next();
  };
}

/** The fields that a token may stand in; two of one name are joined, as fetch joins them, so that they are refused. */
function headersOf({ headers, headersDistinct }: ExpressRequest): Headers {
  const found = new Headers();
  for (const name of ['authorization', tokenHeader]) {
    for (const value of [headersDistinct?.[name] ?? headers[name] ?? []].flat()) found.append(name, value);
  }
  return found;
}
