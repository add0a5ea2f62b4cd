import { randomUUID } from 'node:crypto';

interface ErrorOptions {
  clearsCookie?: boolean;
}

/** An answer of GoTrue's usual shape: `{code, msg}`, with an `error_id` from 500 on. */
export class HttpError extends Error {
  readonly status: number;
  readonly clearsCookie: boolean;

  constructor(status: number, message: string, { clearsCookie = false }: ErrorOptions = {}) {
    super(message);
    this.status = status;
    this.clearsCookie = clearsCookie;
  }

  get body(): Record<string, unknown> {
    const body = { code: this.status, msg: this.message };
    return this.status >= 500 ? { ...body, error_id: randomUUID() } : body;
  }
}

/** What `/token` answers (RFC 6749 section 5.2): always 400. */
export class OAuthError extends Error {
  readonly status = 400;
  readonly error: string;
  readonly clearsCookie: boolean;

  constructor(error: string, description = '', { clearsCookie = false }: ErrorOptions = {}) {
    super(description);
    this.error = error;
    this.clearsCookie = clearsCookie;
  }

  get body(): Record<string, unknown> {
    return { error: this.error, error_description: this.message || undefined };
  }
}

const tenHoursMilliseconds = 10 * 3600 * 1000;

export function answerJson(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

/** Any error as GoTrue answers it; an unexpected one reveals nothing. */
export function answerError(error: Error, nowMilliseconds: number): Response {
  const known = error instanceof HttpError || error instanceof OAuthError;
  const { body, status, clearsCookie } = known ? error : new HttpError(500, 'Internal server error');
  const response = answerJson(body, status);
  if (clearsCookie) clearCookie(response.headers, nowMilliseconds);
  return response;
}

/** Takes the cookie away that GoTrue can keep an access token in. */
export function clearCookie(headers: Headers, nowMilliseconds: number): void {
  const expires = new Date(nowMilliseconds - tenHoursMilliseconds).toUTCString();
  headers.append('set-cookie', `nf_jwt=; Path=/; Expires=${expires}; Max-Age=0; HttpOnly; Secure`);
}

export function answerUnknownPath(): Response {
  return new Response('404 page not found\n', {
    status: 404,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
  });
}

export function answerWrongMethod(allowed: readonly string[]): Response {
  return new Response(null, { status: 405, headers: { allow: allowed.join(', ') } });
}
