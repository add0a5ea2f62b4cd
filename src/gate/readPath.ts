import { DaypassError } from '../protocol/error.ts';

/** As sent: a dot or a slash that somebody took the trouble to encode, and an empty segment. */
const suspicious = /%2[ef]|\/\//i;

/** Decoded: a backslash, a control character, and what is still encoded because it was encoded twice. */
const stillSuspicious = /[\\\p{Cc}]|%[\da-f]{2}/iu;

/**
 * Reads a path as the upstream will: percent-decoded once (RFC 3986 §2.1), and without the `;parameters` that Java
 * servers cut off before they look a path up.
 * @param pathname of a URL, undecoded
 * @throws {DaypassError} `path_refused` for a path that servers, proxies and frameworks are known to read in more than
 * one way: an encoded separator, dot or control character, a doubled encoding, what is no UTF-8, a segment that is
 * empty or goes up once its parameters are gone
 */
export function readPath(pathname: string): string {
  const decoded = decode(pathname);
  if (suspicious.test(pathname) || decoded === undefined || stillSuspicious.test(decoded)) {
    throw new DaypassError('path_refused');
  }
  const [, ...segments] = decoded.split('/');
  const names = segments.map((segment) => segment.replace(/;.*/s, ''));
  names.forEach((name, index) => {
    // White space at the end of a name is dropped by some file systems.
    const goesUp = /^\s*\.{1,2}\s*$/.test(name);
    if (goesUp || (name === '' && segments[index] !== '')) throw new DaypassError('path_refused');
  });
  return `/${names.join('/')}`;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}
