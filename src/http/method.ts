import { DaypassError } from '../protocol/error.ts';

/**
 * Refuses a method that an address does not know. HEAD is one more method here: Hono would answer it like GET.
 * @throws {DaypassError} `method_not_allowed`, with the `Allow` of RFC 9110 §10.2.1
 */
export function requireMethod(request: Request, allowed: readonly string[]): void {
  if (allowed.includes(request.method)) return;
  throw new DaypassError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
}
