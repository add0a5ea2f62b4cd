import { DaypassError } from '../protocol/error.ts';

/**
 * What some server or framework on the way may decode into a separator, a dot segment or the end of a string: `%2e`
 * (dot), `%2f` (slash), `%5c` (backslash), `%00`, and `%25` before two hex digits (an encoding of an encoding).
 */
const dangerous = /%(2e|2f|5c|00|25[0-9a-f]{2})|\\|\/\/|\/\.{1,2}(\/|$)/i;

/**
 * Where a request goes on to: the upstream's prefix, then path and query as they were sent.
 * @param base the upstream's URL, perhaps with a path
 * @param url the request's URL
 * @throws {DaypassError} `path_refused` for a path that could lead out of the prefix once somebody decodes it
 */
export function resolveUpstream(base: URL, url: URL): URL {
  if (dangerous.test(url.pathname)) throw new DaypassError('path_refused');
  const prefix = base.pathname.replace(/\/+$/, '');
  const target = new URL(base.origin + prefix + url.pathname + url.search);
  // The check above should leave nothing to resolve; this is the property that it is there for.
  if (target.origin !== base.origin || !target.pathname.startsWith(`${prefix}/`))
    throw new DaypassError('path_refused');
  return target;
}
