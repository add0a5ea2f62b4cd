import { connectionNamed } from './requestHeaders.ts';

/** Fields of the upstream's answer that end here; `docs/gate.md` lists them. */
export const droppedFields: ReadonlySet<string> = new Set([
  // RFC 9110 §7.6.1: hop-by-hop.
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Ours to say: whether the answer may be kept, also by a cache of the platform that would then answer unasked …
  'age',
  'cache-control',
  'cache-tag',
  'cdn-cache-control',
  'expires',
  'pragma',
  'surrogate-control',
  'surrogate-key',
  'vary',
  // … and how much is left of which limit.
  'ratelimit',
  'ratelimit-policy',
  // RFC 7838 §3: would send later calls for the site's own origin to the upstream.
  'alt-svc',
]);

/** Fields of the platform are the platform's. Those of CORS end in `src/http/origins.ts`, which reads them first. */
const droppedPrefixes = ['netlify-', 'x-nf-'];

/** What a runtime's fetch does with `Content-Encoding`. It leaves the field there, and `Content-Length` too. */
export interface FetchDecoder {
  /** Content codings that it decodes. */
  codings: readonly string[];
  /** Whether it decodes several, one upon the other. It then decodes all of a list or none. */
  stacked: boolean;
  /** Whether it decodes nothing of what answers a request with `Range`. */
  leavesRanges: boolean;
}

/** undici (lib/web/fetch/index.js). It refuses more than five codings. */
const undici: FetchDecoder = {
  codings: ['gzip', 'x-gzip', 'deflate', 'br', 'zstd'],
  stacked: true,
  leavesRanges: false,
};

/** undici before 7.11, which Node had until 24.4. */
const olderUndici: FetchDecoder = { ...undici, codings: ['gzip', 'x-gzip', 'deflate', 'br'] };

/** Deno's fetch, tried with Deno 2.9.5: it looks at the first `Content-Encoding` line, which must be one coding. */
const deno: FetchDecoder = { codings: ['gzip', 'br'], stacked: false, leavesRanges: true };

/** @param userAgent what the runtime calls itself, such as `Deno/2.9.5` or `Node.js/24` (WinterTC, navigator.userAgent) */
export function decoderOf(userAgent: string): FetchDecoder {
  if (userAgent.startsWith('Deno/')) return deno;
  return /^Node\.js\/2[0-3]\b/.test(userAgent) ? olderUndici : undici;
}

export const decoderHere = decoderOf(globalThis.navigator?.userAgent ?? '');

export interface ResponseHeaderOptions {
  /** Whether fetch may have decoded the body: not that of an answer to HEAD or `Range`, nor one that is not there. */
  isDecoded: boolean;
  decoder?: FetchDecoder;
}

/**
 * The upstream's fields as the caller gets them; several `Set-Cookie` stay several. `Content-Encoding` and
 * `Content-Length` describe the bytes on the wire: they go where fetch has decoded those, and stay where it has not, as do
 * those of a part (206), of an answer to HEAD, and of 304.
 */
export function responseHeaders(
  received: Headers,
  { isDecoded, decoder = decoderHere }: ResponseHeaderOptions,
): Headers {
  const named = connectionNamed(received);
  const ofTheWire = isDecoded ? fieldsOfTheWire(received, decoder) : [];
  const headers = new Headers();
  for (const [name, value] of received) {
    if (droppedFields.has(name) || droppedPrefixes.some((prefix) => name.startsWith(prefix))) continue;
    if (named.has(name) || ofTheWire.includes(name)) continue;
    if (name === 'content-length' && !isLength(value, received)) continue;
    headers.append(name, value);
  }
  return headers;
}

/**
 * Deno passes on a length that was sent twice as `1, 1`, and one together with chunks, which overrule it (RFC 9112 §6.3). Either
 * could split the connection to the caller at the wrong byte.
 */
function isLength(value: string, received: Headers): boolean {
  return /^\d+$/.test(value) && !received.has('transfer-encoding');
}

/** The fields that are not true of the bytes which fetch has handed over. */
function fieldsOfTheWire(received: Headers, { codings, stacked }: FetchDecoder): readonly string[] {
  const given = (received.get('content-encoding') ?? '')
    .split(',')
    .map((coding) => coding.trim().toLowerCase());
  const [first = ''] = given;
  if (!codings.includes(first)) return [];
  if (given.length === 1 || (stacked && given.every((coding) => codings.includes(coding)))) {
    return ['content-encoding', 'content-length'];
  }
  // Headers does not distinguish one line `gzip, gzip` from two lines, of which Deno would have undone the first. The length
  // might be wrong, and a wrong length splits the connection at the wrong byte.
  return stacked ? [] : ['content-length'];
}

/** The URLs of one answer: a backend knows itself by its own, the page knows it by the site's. */
export interface AnswerUrls {
  /** The upstream's URL, perhaps with a path. */
  upstream: URL;
  /** The requested URL there: relative references start from it. */
  target: URL;
  /** Origin of the site as the request named it. */
  site: string;
}

/** RFC 9110 §10.2.2, §8.7. `Link` and `Refresh` stay: a backend that knows the URL of the site writes them right. */
const locationFields = ['location', 'content-location'];

/**
 * Turns URLs at the upstream into URLs at the site, in the fields that browsers follow by themselves; they would go
 * around the gate, or to a name that only the gate can resolve.
 */
export function locateAtSite(headers: Headers, urls: AnswerUrls): void {
  for (const name of locationFields) {
    const value = headers.get(name);
    if (value !== null) headers.set(name, toSite(value, urls));
  }
}

/** RFC 3986 appendix B, for http and https: scheme and authority, path, the rest. */
const reference = /^(?:((?:https?:)?)\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * The same reference as seen from the site: upstream and prefix undone, all else as it was spelled, but for tabs. Absolute
 * stays absolute. What is elsewhere, or outside the upstream's prefix, stays as it is.
 */
export function toSite(value: string, { upstream, target, site }: AnswerUrls): string {
  if (!URL.canParse(value, target.href)) return value;
  const url = new URL(value, target);
  // As the URL standard does: `/v1/<tab>/evil.example` without `/v1` would name a host.
  const cleaned = value.replace(/[\t\r\n]/g, '');
  const [, scheme = '', authority, path = '', rest = ''] = reference.exec(cleaned) ?? [];
  const isAbsolute = authority !== undefined;
  if (isAbsolute ? !isSame(url, upstream) && url.origin !== site : !path.startsWith('/')) return value;
  const prefix = upstream.pathname.replace(/\/+$/, '');
  const isUnder = (name: string) => name === prefix || name.startsWith(`${prefix}/`);
  if (!isUnder(url.pathname)) return value;
  const below = (isUnder(path) ? path : url.pathname).slice(prefix.length);
  // A path that begins with two slashes would name a host.
  const isHost = /^[/\\]{2}/.test(below);
  if (!isAbsolute && !isHost) {
    return prefix === '' ? value : (below.startsWith('/') ? below : `/${below}`) + rest;
  }
  const origin = isAbsolute && scheme === '' ? site.replace(/^https?:/, '') : site;
  return origin + below + rest;
}

/**
 * Whether both are one server. A backend behind a TLS terminator of its own takes itself for an http one, so the scheme
 * does not count where the ports are the usual ones.
 */
function isSame(url: URL, upstream: URL): boolean {
  if (url.origin === upstream.origin) return true;
  return url.hostname === upstream.hostname && url.port === '' && upstream.port === '';
}
