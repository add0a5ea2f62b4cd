import type { CheckedRoute } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';
import { readPath } from './readPath.ts';

/** Methods that no route lets through: they echo credentials, or are for proxies (RFC 9110 §9.3.6, §9.3.8). */
const neverForwarded = ['TRACE', 'TRACK', 'CONNECT'];

/** What `Allow` names where the policy leaves the methods open (RFC 9110 §9.1, RFC 5789). */
const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * The first route of the policy that matches a path. Paths are compared decoded, without regard to case and to a slash
 * at the end: many upstreams make no difference, and no spelling may lead past a stricter route to a wider one.
 * @param pathname of the request's URL, undecoded
 * @throws {DaypassError} `path_refused`; `not_found` when no route matches; `method_not_allowed`, with the `Allow` of
 * RFC 9110 §15.5.6, when the route does not take the method
 */
export function matchRoute(routes: readonly CheckedRoute[], pathname: string, method: string): CheckedRoute {
  const path = fold(readPath(pathname));
  const route = routes.find((candidate) => matches(candidate.path, path));
  if (!route) throw new DaypassError('not_found');
  const allowed = allowedMethods(route);
  const isOpen = route.methods === undefined && !neverForwarded.includes(method);
  if (!isOpen && !allowed.includes(method)) {
    throw new DaypassError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
  }
  return route;
}

/** `/api/*` is `/api` and everything under it; `/apiary` is not. */
function matches(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return path === fold(decodePattern(pattern));
  const folder = fold(decodePattern(pattern.slice(0, -2)));
  return path === folder || path.startsWith(`${folder}/`);
}

/** A path for comparing, since many upstreams make no difference: lower case, no slash at the end. */
export function fold(path: string): string {
  return path.toLowerCase().replace(/\/$/, '');
}

/** A policy may spell a path encoded or not. */
function decodePattern(pattern: string): string {
  try {
    return decodeURIComponent(pattern);
  } catch {
    return pattern;
  }
}

/** Whoever may GET may ask with HEAD for the same without its content (RFC 9110 §9.3.2). */
function allowedMethods(route: CheckedRoute): readonly string[] {
  const methods = (route.methods ?? usualMethods).filter((method) => !neverForwarded.includes(method));
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}
