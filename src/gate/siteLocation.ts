/** Who names an address: a backend knows itself by its own URL, the page knows it by the site's. */
export interface Places {
  /** The upstream's URL, perhaps with a path. */
  upstream: URL;
  /** What was asked there: relative references start from it. */
  target: URL;
  /** Origin of the site as the request named it. */
  site: string;
}

/** RFC 9110 §10.2.2, §8.7. `Link` and `Refresh` stay: a backend that is told where the site is writes them right. */
const locationFields = ['location', 'content-location'];

/**
 * Makes addresses at the upstream addresses at the site, in the fields that browsers follow by themselves; they would go
 * around the gate, or to a name that only the gate can resolve.
 */
export function locateAtSite(headers: Headers, places: Places): void {
  for (const name of locationFields) {
    const value = headers.get(name);
    if (value !== null) headers.set(name, toSite(value, places));
  }
}

/** RFC 3986 appendix B, for http and https: scheme and authority, path, the rest. */
const reference = /^(?:((?:https?:)?)\/\/([^/?#]*))?([^?#]*)(.*)$/is;

/**
 * The same reference as seen from the site: upstream and prefix undone, all else as it was spelled, but for tabs. Absolute
 * stays absolute. What is elsewhere, or outside the upstream's prefix, stays as it is.
 */
export function toSite(value: string, { upstream, target, site }: Places): string {
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
