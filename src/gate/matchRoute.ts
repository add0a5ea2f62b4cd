import { foldPath, hasEncodedSlashes, readEncodedSlashes, readPath } from '../paths/readPath.ts';
import type { CheckedRoute } from '../policy/types.ts';
import { DaypassError } from '../protocol/error.ts';

/** Methods that no route lets through: they echo credentials, or are for proxies (RFC 9110 §9.3.6, §9.3.8). */
const neverForwarded = ['TRACE', 'TRACK', 'CONNECT'];

/** What `Allow` names where the policy leaves the methods open (RFC 9110 §9.1, RFC 5789). */
const usualMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * The route of the policy that decides about a path: the first one that matches.
 *
 * A path matches exactly when it is spelled as the policy spells it, and loosely when some upstream could take it for that
 * (see `foldPath`). An exact match wins unless an earlier loose match is stricter; then the strictest candidate is used, or
 * the path is refused. A candidate with its own limits or cost excludes the others, since they would not be counted. An open route (`verify: false`) is taken only where it matches exactly.
 * A path with encoded slashes is taken only by a route with `encodedSlashes` that matches it exactly, and only where no
 * earlier route that some upstream could mean is stricter.
 * @param pathname of the request's URL, undecoded
 * @throws {DaypassError} `path_refused`, also when none of the routes that the path could mean is as strict as the others;
 * `not_found` when no route matches; `method_not_allowed`, with the `Allow` of RFC 9110 §15.5.6, when one of the routes
 * does not take the method
 */
export function matchRoute(routes: readonly CheckedRoute[], pathname: string, method: string): CheckedRoute {
  const hasSlashes = hasEncodedSlashes(pathname) && routes.some(({ encodedSlashes }) => encodedSlashes);
  const folded = (hasSlashes ? readEncodedSlashes(pathname) : [readPath(pathname)]).map(foldPath);
  const loose = routes.filter(({ path }) => folded.some((read) => isUnder(compile(path).folded, read)));
  const exact = loose.find(({ path }) => isUnder(compile(path).spelled, pathname));
  const matching = exact ? loose.slice(0, loose.indexOf(exact) + 1) : loose;
  if (hasSlashes && !exact?.encodedSlashes) throw new DaypassError('path_refused');
  if (matching.length === 0) throw new DaypassError('not_found');
  const route = matching.find(
    (candidate) =>
      (candidate === exact || (candidate.verify && !hasSlashes)) &&
      matching.every((other) => other === candidate || isAsStrict(candidate, other)),
  );
  if (!route) {
    throw new DaypassError('path_refused', {
      detail: 'Spell the path as the policy does: it may mean another.',
    });
  }
  for (const candidate of matching) checkMethod(candidate, method);
  return route;
}

/** Whether each call that satisfies the route also satisfies the other, and no count of the other's is missed. */
function isAsStrict(route: CheckedRoute, other: CheckedRoute): boolean {
  if (other.cost !== 1 || Object.values(other.limits).some((windows) => windows.length > 0)) return false;
  if (!other.verify) return true;
  const { verify, audience, scope } = route;
  return verify && audience === other.audience && (other.scope === undefined || scope === other.scope);
}

function checkMethod(route: CheckedRoute, method: string): void {
  const allowed = allowedMethods(route);
  const isOpen = route.methods === undefined && !neverForwarded.includes(method);
  if (!isOpen && !allowed.includes(method)) {
    throw new DaypassError('method_not_allowed', { headers: { allow: allowed.join(', ') } });
  }
}

/** GET includes HEAD: the same answer without its content (RFC 9110 §9.3.2). */
function allowedMethods(route: CheckedRoute): readonly string[] {
  const methods = (route.methods ?? usualMethods).filter((method) => !neverForwarded.includes(method));
  return methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
}

/** A path that stands for itself, or for everything under it too. */
interface Pattern {
  path: string;
  isFolder: boolean;
}

/** `/api/*` is `/api` and everything under it; `/apiary` is not. */
function isUnder({ path: pattern, isFolder }: Pattern, path: string): boolean {
  return path === pattern || (isFolder && path.startsWith(`${pattern}/`));
}

interface CompiledPath {
  /** As a browser writes it (WHATWG URL): what a request must equal to match exactly. */
  spelled: Pattern;
  folded: Pattern;
}

/** A policy has few paths, and each call needs all of them. */
const compiled = new Map<string, CompiledPath>();
const maxCompiled = 1000;

function compile(pattern: string): CompiledPath {
  const known = compiled.get(pattern);
  if (known) return known;
  const isFolder = pattern.endsWith('/*');
  const decoded = decode(isFolder ? pattern.slice(0, -2) : pattern);
  const { pathname } = new URL(`https://site.invalid${decoded.replace(/[%?#]/g, encodeURIComponent)}`);
  const made = {
    spelled: { path: decoded === '' ? '' : pathname, isFolder },
    folded: { path: foldPath(decoded), isFolder },
  };
  if (compiled.size < maxCompiled) compiled.set(pattern, made);
  return made;
}

/** A policy may spell a path encoded or not. */
function decode(pattern: string): string {
  try {
    return decodeURIComponent(pattern);
  } catch {
    return pattern;
  }
}

/**
 * Where a request goes on to: the upstream's prefix, then path and query as they were sent.
 * @param base the upstream's URL, perhaps with a path
 * @param url the request's URL, whose path `matchRoute` has read: none that could lead out of the prefix gets here
 * @throws {DaypassError} `path_refused` should one lead out all the same
 */
export function resolveUpstream(base: URL, url: URL): URL {
  const prefix = base.pathname.replace(/\/+$/, '');
  const target = new URL(base.origin + prefix + url.pathname + url.search);
  if (target.origin !== base.origin || target.pathname !== prefix + url.pathname) {
    throw new DaypassError('path_refused');
  }
  return target;
}
