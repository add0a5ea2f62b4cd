import { DaypassError } from '../protocol/error.ts';

/**
 * Refuses calls that a page of a foreign origin made. Programs without a browser send neither field and pass:
 * this protects visitors from other sites, not the API from programs.
 * @param allowed the policy's `origins`; the request's own origin is always allowed
 * @throws {DaypassError} `foreign_origin`; `null` (a sandboxed frame, a file) is foreign too
 */
export function checkOrigin(request: Request, allowed: readonly string[]): void {
  const origin = request.headers.get('origin');
  if (origin !== null) {
    if (!isAllowedOrigin(origin, request, allowed)) throw new DaypassError('foreign_origin');
  } else if (request.headers.get('sec-fetch-site') === 'cross-site') {
    throw new DaypassError('foreign_origin');
  }
}

export function isAllowedOrigin(origin: string, request: Request, allowed: readonly string[]): boolean {
  return origin === new URL(request.url).origin || allowed.includes(origin);
}
