import { foldPath, readPath } from '../paths/readPath.ts';
import { DaypassError } from '../protocol/error.ts';
import { identityPath } from '../protocol/paths.ts';

/**
 * The characters of Identity's paths. Servers may drop other ones, cut the path there, or take them for one of these: white
 * space, `?`, letters that are equal without case.
 */
const plain = /^[\w./-]*$/;

/**
 * The endpoint of Identity that a request is for, such as `/signup`: decoded, in lower case, without trailing or doubled slashes.
 * Whichever of these the platform normalises itself, no spelling gets past the guard.
 * @returns undefined for a path that may be read in more than one way; empty for one outside of Identity
 */
export function endpointOf(request: Request): string | undefined {
  const { pathname } = new URL(request.url);
  try {
    // gotrue-js sends two slashes if the page's URL of Identity ends with one.
    const decoded = readPath(pathname.replace(/\/{2,}/g, '/'));
    if (!plain.test(decoded)) return undefined;
    const path = foldPath(decoded);
    return path.startsWith(`${identityPath}/`) ? path.slice(identityPath.length) : '';
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}
