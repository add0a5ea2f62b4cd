import { DaypassError } from '../protocol/error.ts';

/** As sent: an encoded dot or slash, which no honest client writes, and an empty segment. */
const suspicious = /%2[ef]|\/\//i;

/** Decoded: a backslash, a control character, and what is still encoded because it was encoded twice. */
const stillSuspicious = /[\\\p{Cc}]|%[\da-f]{2}/iu;

/** Signs that Windows takes for a slash or a backslash when it has to write them in a code page (best fit). */
const nearlySlash = /[\u2044\u2215\u2216]/g;

/**
 * Reads a path as the upstream will: percent-decoded once (RFC 3986 §2.1), and without the `;parameters` that Java
 * servers cut off before they look a path up.
 * @param pathname of a URL, undecoded
 * @throws {DaypassError} `path_refused` for a path that servers, proxies and frameworks are known to read in more than
 * one way: an encoded separator, dot or control character, a doubled encoding, what is no UTF-8, a segment that is
 * empty or goes up once its parameters are gone, and what becomes one of these under Unicode normalisation
 */
export function readPath(pathname: string): string {
  const decoded = decode(pathname);
  if (suspicious.test(pathname) || decoded === undefined || stillSuspicious.test(decoded)) {
    throw new DaypassError('path_refused');
  }
  const [, ...segments] = decoded.split('/');
  const names = segments.map(withoutParameters);
  const isEmptied = names.some((name, index) => name === '' && segments[index] !== '');
  if (isEmptied || names.some(goesUp) || climbsNormalised(decoded)) throw new DaypassError('path_refused');
  return `/${names.join('/')}`;
}

/** Signs of a path that only a route with `encodedSlashes` takes: see `readEncodedSlashes`. */
const slashes = /%2f|\/\/|%25[\da-f]{2}/i;

/** A dot has no need to be encoded, `%u002e` is IIS's way to do it, and an upstream of the last route must not read a host after `//`. */
const neverRead = /%2e|%u[\da-f]{4}|^\/\//i;

/** Whether a path holds an encoded slash, an empty segment, or what is encoded twice. */
export function hasEncodedSlashes(pathname: string): boolean {
  return slashes.test(pathname);
}

/**
 * Reads a path that may hold encoded slashes, empty segments and doubled encodings, in every way in which some upstream
 * might: split into segments as it was sent, after decoding it once, and after decoding it twice.
 * @param pathname of a URL, undecoded
 * @returns the readings, of which each is what `readPath` returns
 * @throws {DaypassError} `path_refused` where one of them has a segment that goes up, a backslash, a control character, what
 * is no UTF-8 or what was encoded three times
 */
export function readEncodedSlashes(pathname: string): readonly string[] {
  const once = decode(pathname);
  const twice = once === undefined ? undefined : decodeEscapes(once);
  if (once === undefined || twice === undefined) throw new DaypassError('path_refused');
  if ([pathname, once].some((path) => neverRead.test(path)) || [once, twice].some(climbsNormalised)) {
    throw new DaypassError('path_refused');
  }
  if (stillSuspicious.test(twice)) throw new DaypassError('path_refused');
  // What is decoded less is no other name to a policy, whose paths hold no escapes.
  return [readSegments(pathname, 2), readSegments(once, 1), readSegments(twice, 0)];
}

/** Splits first and decodes then. Whatever a segment holds behind a semicolon is a parameter, also a slash. */
function readSegments(path: string, decodings: 0 | 1 | 2): string {
  const [, ...segments] = path.split('/').map((segment) => {
    let read = segment;
    for (let round = 0; round < decodings; round += 1) read = decodeEscapes(read) ?? read;
    return read;
  });
  const names = segments.map(withoutParameters);
  if (names.some((name, index) => goesUp(name) || (name === '' && segments[index] !== ''))) {
    throw new DaypassError('path_refused');
  }
  return `/${names.join('/')}`;
}

/** Decodes what is an escape and leaves a percent sign that begins none, as lenient servers do. */
function decodeEscapes(path: string): string | undefined {
  try {
    return path.replace(/(%[\da-f]{2})+/gi, decodeURIComponent);
  } catch {
    return undefined;
  }
}

function withoutParameters(segment: string): string {
  return segment.replace(/;.*/s, '');
}

/** White space at the end of a name is dropped by some file systems. */
function goesUp(name: string): boolean {
  return /^\s*\.{1,2}\s*$/.test(name);
}

/** Whether full-width signs and their like (`．．／`, `‥`, `％2e`) lead up where they are taken for ASCII. */
function climbsNormalised(decoded: string): boolean {
  if (isAscii(decoded)) return false;
  const read = decoded.normalize('NFKC').replace(nearlySlash, '/');
  return /%[\da-f]{2}/i.test(read) || read.split(/[/\\]/).map(withoutParameters).some(goesUp);
}

/**
 * A decoded path without all that some upstream takes for a mere way of writing it, in lower case. Two paths that any of
 * them looks up as one are equal here:
 * - case, in Unicode too (`ſ` is `s`), full-width and other compatible letters and signs, accents, what is invisible
 *   (case-insensitive file systems, collations of databases, Unicode normalisation in frameworks)
 * - white space and dots at the end of a name, a name of nothing else, NTFS streams (Windows)
 * - parameters, a slash at the end, what follows an encoded `?` or `#`, a plus sign for white space
 *
 * A suffix such as `.json` is another path.
 */
export function foldPath(path: string): string {
  const [read = ''] = foldLetters(path).split(/[?#]/);
  return read
    .split(/[/\\]/)
    .map((name) =>
      withoutParameters(name)
        .replace(/::\$.*$/s, '')
        .replaceAll('+', ' ')
        .replace(/^\s+|[\s.]+$/g, ''),
    )
    .filter((name) => name !== '')
    .map((name) => `/${name}`)
    .join('');
}

function foldLetters(text: string): string {
  if (isAscii(text)) return text.toLowerCase();
  const signs = text.replace(nearlySlash, '/').normalize('NFKD');
  const letters = signs.replace(/[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu, '');
  // Upper case is where letters meet (`ſ`, `ı`, `ß`), and some have none until they are in lower case (`ẞ`).
  const met = letters.toLowerCase().toUpperCase().normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  // A sigma at the end of a word differs only in lower case.
  return met.replaceAll('ς', 'σ');
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
}
