import { resolveAddress, type Settings } from './options.ts';

/** Origin and path with a closing slash: what lies under a prefix begins with it, and `/apiary` not with `/api/`. */
function placeOf(address: string): string {
  const url = resolveAddress(address);
  return url.origin + url.pathname.replace(/\/?$/, '/');
}

/**
 * Replaces `fetch`, so that calls under the prefixes go through the session. Left alone are calls that carry
 * `Authorization` already, and whatever is not under a prefix.
 * @param authorized sends a request with the token
 * @param prefixes addresses, resolved as `fetch` resolves them
 * @param settings Identity and the broker never get the token, though a prefix may cover them
 * @throws TypeError for a prefix that is no address
 */
export function attach(authorized: typeof fetch, prefixes: readonly string[], settings: Settings): void {
  const covered = prefixes.map(placeOf);
  const excepted = [settings.identityUrl, settings.brokerUrl].map(placeOf);
  const own = fetch;

  globalThis.fetch = async (input, init) => {
    const { url = `${input}`, headers } = input as Request;
    const place = placeOf(url);
    const isUnder = (prefix: string) => place.startsWith(prefix);
    const isOurs =
      covered.some(isUnder) &&
      !excepted.some(isUnder) &&
      !new Headers(init?.headers ?? headers).has('Authorization');
    return isOurs ? authorized(input, init) : own(input, init);
  };
}
