import { DaypassError } from '../protocol/error.ts';
import { readEncodedSlashes, readPath } from './readPath.ts';

/**
 * Where a request goes on to: the upstream's prefix, then path and query as they were sent.
 * @param base the upstream's URL, perhaps with a path
 * @param url the request's URL
 * @param encodedSlashes whether the route takes these
 * @throws {DaypassError} `path_refused` for a path that could lead out of the prefix once somebody decodes it
 */
export function resolveUpstream(base: URL, url: URL, encodedSlashes = false): URL {
  if (encodedSlashes) readEncodedSlashes(url.pathname);
  else readPath(url.pathname);
  const prefix = base.pathname.replace(/\/+$/, '');
  const target = new URL(base.origin + prefix + url.pathname + url.search);
  // The check above should leave nothing to resolve; this is the property that it is there for.
  if (target.origin !== base.origin || target.pathname !== prefix + url.pathname) {
    throw new DaypassError('path_refused');
  }
  return target;
}
