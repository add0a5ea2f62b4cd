import { foldPath, readPath } from '../gate/readPath.ts';
import { DaypassError } from '../protocol/error.ts';
import { identityPath } from '../protocol/paths.ts';

/**
 * All that an address of Identity is made of. Other characters a server may drop, cut the path at, or take for one of
 * these: white space, `?`, letters that are the same without regard to case.
 */
const plain = /^[\w./-]*$/;

/**
 * The endpoint of Identity that a request is for, such as `/signup`: decoded, in lower case, without a slash at the end
 * or a doubled one. However much of this the platform undoes on the way, no spelling leads past the guard.
 * @returns undefined for a path that may be read in more than one way; empty for one that is not under Identity
 */
export function endpointOf(request: Request): string | undefined {
  const { pathname } = new URL(request.url);
  try {
    // Where the address of Identity in a page ends with a slash, gotrue-js sends two.
    const decoded = readPath(pathname.replace(/\/{2,}/g, '/'));
    if (!plain.test(decoded)) return undefined;
    const path = foldPath(decoded);
    return path.startsWith(`${identityPath}/`) ? path.slice(identityPath.length) : '';
  } catch (error) {
    if (error instanceof DaypassError) return undefined;
    throw error;
  }
}
