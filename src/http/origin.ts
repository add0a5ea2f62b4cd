import { DaypassError } from '../protocol/error.ts';

/**
 * Refuses calls that a page of a foreign origin made. Programs without a browser send neither field and pass:
 * this protects visitors from other sites, not the API from programs.
 * @param allowed the policy's `origins`; the request's own origin is always allowed
 * @throws {DaypassError} `foreign_origin`; `null` (a sandboxed frame, a file) is foreign too, unless it is allowed
 */
export function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.headers.get('origin');
  if (origin !== null) {
    if (!isAllowedOrigin(origin, request, allowed)) throw new DaypassError('foreign_origin');
  } else if (request.headers.get('sec-fetch-site') === 'cross-site' && !isTopLevelNavigation(request)) {
    throw new DaypassError('foreign_origin');
  }
}

/**
 * Whether somebody followed a link to this address, or was sent on to it, in a window of their own: from a mail, from a
 * provider of log-ins. Nobody but the visitor sees the answer, and GET changes nothing (RFC 9110 §9.2.1). A frame or a
 * form that posts is none (Fetch metadata: `Sec-Fetch-Dest`, `Sec-Fetch-Mode`).
 */
function isTopLevelNavigation({ method, headers }: Request): boolean {
  return (
    method === 'GET' &&
    headers.get('sec-fetch-mode') === 'navigate' &&
    headers.get('sec-fetch-dest') === 'document'
  );
}

export function isAllowedOrigin(origin: string, request: Request, allowed: readonly string[]): boolean {
  return origin === new URL(request.url).origin || allowed.includes(origin);
}
