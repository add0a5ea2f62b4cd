import { codeRow, errorPage } from '../protocol/codes.ts';
import { DaypassError } from '../protocol/error.ts';
import type { Log } from '../protocol/log.ts';
import type { Problem, TokenErrorResponse } from '../protocol/messages.ts';

/** RFC 9110 §15: the phrases of the statuses that we answer with, which are the titles of problems. */
const phrases: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/**
 * The answer to whatever was thrown, and its line in the log, with the status that the caller gets.
 * @param format how refusals look at this address
 */
export function answerRefusal(
  thrown: unknown,
  log: Log,
  format: (error: DaypassError) => Response = (error) => problemResponse(error),
): Response {
  const error = asDaypassError(thrown);
  const response = format(error);
  logError(error, log, response.status);
  return response;
}

/** Whatever was thrown, as the typed error that the caller gets; anything else is logged, not exposed to the caller. */
export function toDaypassError(thrown: unknown, log: Log): DaypassError {
  const error = asDaypassError(thrown);
  logError(error, log);
  return error;
}

function asDaypassError(thrown: unknown): DaypassError {
  return thrown instanceof DaypassError ? thrown : new DaypassError('internal_error', { cause: thrown });
}

function logError({ code, cause }: DaypassError, log: Log, status?: number): void {
  const fields = { cause: describeCause(cause), ...(status !== undefined && { status }) };
  if (code === 'internal_error') log('internal_error', fields);
  else log('refused', { code, ...fields });
}

/**
 * A refusal as problem+json (RFC 9457), with the challenge of RFC 6750 §3 where a token is at fault.
 * @param detail what was wrong, where the error's own words do not say it
 */
export function problemResponse(error: DaypassError, detail: string = error.message): Response {
  const problem: Problem = {
    type: errorPage(error.code),
    title: phrases[error.status] ?? 'Error',
    status: error.status,
    detail,
    code: error.code,
  };
  return respond(error, error.status, problem, 'application/problem+json', challenge(error));
}

/**
 * What a fault of a token is on the wire of the token endpoint, by where it stood: as Bearer (RFC 6750 §3.1), or in the
 * form (RFC 8693 §2.2.2).
 */
const tokenFaults = {
  bearer: { status: 401, error: 'invalid_token' },
  form: { status: 400, error: 'invalid_request' },
} as const;

/**
 * A refusal of `/session/token` (RFC 6749 §5.2).
 * @param tokenPlace where the token stood, or was looked for; a challenge answers only what came as Bearer
 */
export function tokenErrorResponse(error: DaypassError, tokenPlace: keyof typeof tokenFaults): Response {
  const row = codeRow(error.code);
  const answer = row.tokenFault ? tokenFaults[tokenPlace] : row;
  const body: TokenErrorResponse = {
    // RFC 6750 §3.1 has no error for a token that is not there; RFC 6749 §5.2 wants one.
    error: answer.error || tokenFaults[tokenPlace].error,
    error_description: error.message,
    error_uri: errorPage(error.code),
    code: error.code,
  };
  const headers = tokenPlace === 'bearer' ? challenge(error) : {};
  return respond(error, answer.status, body, 'application/json', headers);
}

/**
 * A refusal in GoTrue's format: `msg` is what gotrue-js reports to its caller, `error_id` GoTrue's name for what finds the
 * request in the log.
 * @param speaksOAuth as GoTrue does at `/token` (RFC 6749 §5.2)
 */
export function goTrueErrorResponse(
  error: DaypassError,
  { speaksOAuth, requestId }: { speaksOAuth: boolean; requestId: string },
): Response {
  const body = speaksOAuth
    ? {
        error: codeRow(error.code).error,
        error_description: error.message,
        error_uri: errorPage(error.code),
        code: error.code,
      }
    : { code: error.status, msg: error.message, error_code: error.code };
  return respond(error, error.status, { ...body, error_id: requestId }, 'application/json', {});
}

/** RFC 6750 §3: no error code for a caller who sent no token. */
function challenge(error: DaypassError): Record<string, string> {
  const { error: name, tokenFault } = codeRow(error.code);
  if (error.code === 'token_missing') return { 'www-authenticate': 'Bearer realm="daypass"' };
  const isAboutToken = tokenFault || name === 'insufficient_scope' || name === 'invalid_token';
  if (!isAboutToken && error.code !== 'token_repeated') return {};
  const reason = tokenFault ? 'invalid_token' : name;
  return {
    'www-authenticate': `Bearer realm="daypass", error="${reason}", error_description="${error.message}"`,
  };
}

function respond(
  error: DaypassError,
  status: number,
  body: object,
  contentType: string,
  extra: Record<string, string>,
): Response {
  const headers = new Headers({
    'content-type': contentType,
    'cache-control': 'no-store',
    ...extra,
    ...error.headers,
  });
  if (error.retryAfterSeconds !== undefined)
    headers.set('retry-after', String(Math.ceil(error.retryAfterSeconds)));
  return new Response(`${JSON.stringify(body)}\n`, { status, headers });
}

/** What went wrong, for the log: names and messages, no credentials. */
export function describeCause(cause: unknown): string | undefined {
  if (cause === undefined) return undefined;
  if (!(cause instanceof Error)) return withoutCredentials(String(cause));
  const inner = cause.cause === undefined ? '' : ` (${describeCause(cause.cause)})`;
  return `${cause.name}: ${withoutCredentials(cause.message)}${inner}`;
}

/** fetch repeats a header field or a URL that it cannot take in its error: a token with a line break, a password. */
function withoutCredentials(message: string): string {
  return message.replace(/\b(Bearer|Basic) .*/is, '$1 …').replace(/:\/\/[^/@]*@/g, '://…@');
}
