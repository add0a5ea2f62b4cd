import { readPrice, takePrice } from '../limits/price.ts';
import { DaypassError } from '../protocol/error.ts';
import { requestIdHeader, tokenHeader } from '../protocol/wire.ts';
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

/** What of a request is read: Express 4 and 5, and whatever else hands on Node's `IncomingMessage`. */
export interface ExpressRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Node keeps the first of two `Authorization` fields in `headers`, and both of them here. */
  readonly headersDistinct?: Readonly<Record<string, readonly string[] | undefined>>;
  /** The caller's address, by the app's setting `trust proxy`. */
  readonly ip?: string | undefined;
  daypass?: AccessToken | undefined;
}

/** What of a response is used. */
export interface ExpressResponse {
  statusCode: number;
  hasHeader(name: string): boolean;
  getHeader(name: string): number | string | readonly string[] | undefined;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
  writeHead(...given: unknown[]): unknown;
  end(body: string): unknown;
}

/** Lets a request through with `req.daypass`, or answers it. Fits wherever Express takes a handler. */
export type ExpressMiddleware = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** What `requireAccessToken` of `daypass/express` takes. */
export type ExpressOptions = AccessTokenOptions<ExpressRequest>;

/**
 * Express middleware: see `daypass/express`.
 * @throws {ConfigurationError} a TypeError: an option is invalid or unknown
 */
export function createExpressMiddleware(
  options: ExpressOptions,
  runtime: Omit<CheckRuntime<ExpressRequest>, 'clientAddress'>,
): ExpressMiddleware {
  const clientAddress = ({ ip }: ExpressRequest) => ip;
  const { check, refuse, flush } = createAccessTokenCheck(options, { ...runtime, clientAddress });

  /** Whether the caller is let in. Who is not has been answered. */
  async function isLetIn(request: ExpressRequest, response: ExpressResponse): Promise<boolean> {
    // Not where a middleware before this one names requests. Two fields of one name are joined, and no id then.
    if (!response.hasHeader(requestIdHeader))
      response.setHeader(requestIdHeader, requestIdOf(String(request.headers[requestIdHeader] ?? '')));
    response.setHeader('vary', varyByToken(fieldOf(response, 'vary')));
    try {
      const passed = await check(headersOf(request), request);
      request.daypass = passed.accessToken;
      for (const [name, value] of Object.entries(passed.fields))
        response.setHeader(name, joinField(fieldOf(response, name), value));
      if (passed.price) chargeOnAnswer(response, passed.price, flush);
      return true;
    } catch (error) {
      if (!(error instanceof DaypassError)) throw error;
      const refusal = refuse(error);
      response.statusCode = refusal.status;
      for (const [name, value] of refusal.headers) response.setHeader(name, value);
      response.end(await refusal.text());
      return false;
    } finally {
      void flush();
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

function fieldOf(response: ExpressResponse, name: string): string {
  return [response.getHeader(name) ?? []].flat().join(', ');
}

/** Charges the price once the answer's fields are written, and takes it off them: every answer of Node's comes by here. */
function chargeOnAnswer(
  response: ExpressResponse,
  { field, charge }: NonNullable<PassedCall['price']>,
  flush: () => Promise<void>,
): void {
  const { writeHead } = response;
  const name = field.toLowerCase();
  response.writeHead = (...given) => {
    response.writeHead = writeHead;
    const [headers] = given.slice(1).filter((argument) => typeof argument === 'object' && argument !== null);
    const named = headers === undefined ? [] : pairsOf(headers).filter(([key]) => key.toLowerCase() === name);
    // What writeHead is given replaces what was set before.
    const price =
      named.length > 0 ? named.flatMap(([, value]) => value).join(', ') : fieldOf(response, field);
    charge(readPrice(takePrice(response, field, price)));
    response.removeHeader(field);
    void flush();
    const rest = given.map((argument) =>
      argument === headers && named.length > 0 ? without(argument, name) : argument,
    );
    return writeHead.apply(response, rest);
  };
}

/** Header fields as `writeHead` takes them: an object, pairs, or names and values in turn. */
function pairsOf(headers: object): [string, unknown][] {
  if (!Array.isArray(headers)) return Object.entries(headers);
  // As Node distinguishes them: a value in a list may be a list too.
  if (Array.isArray(headers[0])) return headers as [string, unknown][];
  return headers.flatMap((key, index) => (index % 2 === 0 ? [[String(key), headers[index + 1]]] : []));
}

function without(headers: object | unknown, name: string): unknown {
  const kept = pairsOf(headers as object).filter(([key]) => key.toLowerCase() !== name);
  return Array.isArray(headers) ? kept.flat() : Object.fromEntries(kept);
}

/** The fields that a token may stand in; two of one name are joined, as fetch joins them, so that they are refused. */
function headersOf({ headers, headersDistinct }: ExpressRequest): Headers {
  const found = new Headers();
  for (const name of ['authorization', tokenHeader]) {
    for (const value of [headersDistinct?.[name] ?? headers[name] ?? []].flat()) found.append(name, value);
  }
  return found;
}
