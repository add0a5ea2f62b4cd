import type { CheckedRoute } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';

/** Methods that no route lets through: TRACE echoes credentials, CONNECT is for proxies (RFC 9110 §9.3). */
const neverForwarded = new Set(['TRACE', 'CONNECT']);

/**
 * The first route of the policy that matches a path.
 * @param path the request's path as it was sent, undecoded
 * @throws {DaypassError} `not_found` when none does; `method_not_allowed` when it does not take the method
 */
export function matchRoute(routes: readonly CheckedRoute[], path: string, method: string): CheckedRoute {
  const route = routes.find((candidate) => matches(candidate.path, path));
  if (!route) throw new DaypassError('not_found');
  const allowed = route.methods;
  if (neverForwarded.has(method) || (allowed && !allowed.includes(method))) {
    throw new DaypassError('method_not_allowed', allowed ? { headers: { allow: allowed.join(', ') } } : {});
  }
  return route;
}

function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return path === pattern;
  // `/api/*` is everything under `/api/`; `/apiary` is not.
  return path.startsWith(pattern.slice(0, -1));
}
