import { HttpError, OAuthError } from './errors.ts';

const tenHoursMs = 10 * 3600 * 1000;

export function answerJson(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

/** Any error as GoTrue answers it; of one that is not its own, nothing is told. */
export function answerError(error: Error, nowMs: number): Response {
  const known = error instanceof HttpError || error instanceof OAuthError;
  const { body, status, clearsCookie } = known ? error : new HttpError(500, 'Internal server error');
  const response = answerJson(body, status);
  if (clearsCookie) clearCookie(response.headers, nowMs);
  return response;
}

/** Takes the cookie away that GoTrue can keep an access token in. */
export function clearCookie(headers: Headers, nowMs: number): void {
  const expires = new Date(nowMs - tenHoursMs).toUTCString();
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
