import { type LoadXhr, replaceXhr } from './attachXhr.ts';
import type { Authorize } from './authorize.ts';
import { readTarget } from './authorizedFetch.ts';
import { anyPage, resolveAddress, type Settings } from './options.ts';

/**
 * Replaces `fetch`. Left alone are calls that carry `Authorization` or `X-Daypass` already, those of mode `no-cors`, which may not
 * carry any (Fetch standard, "no-CORS-safelisted request-header"), and whatever is not covered.
 * @param choose what an address is sent by instead; undefined when it is not covered
 * @returns the `fetch` that was replaced
 */
export function replaceFetch(choose: (address: string) => Fetch | undefined): Fetch {
  const found = fetch;
  globalThis.fetch = async (input, init) => {
    let read!: ReturnType<typeof readTarget>;
    let instead: Fetch | undefined;
    try {
      read = readTarget(input);
      instead = choose(read.url);
    } catch {
      // What is no address is for the browser to refuse.
    }
    // Only then: header fields may be an iterator, which can be read once.
    if (instead) {
      const { url, target, request } = read;
      const headers = new Headers(init?.headers ?? request?.headers);
      if (!headers.has('Authorization') && !headers.has('X-Daypass')) {
        if ((init?.mode ?? request?.mode) !== 'no-cors') return instead(target, init);
        console.warn(`Daypass: mode no-cors carries no token: ${url}`);
      }
    }
    return found(input, init);
  };
  return found;
}

type Fetch = typeof fetch;

/** How a session sends. */
export interface Transports {
  /** Sends with the token, by the `fetch` that `attach` returns. */
  fetch: Fetch;
  /** Sends what is no `fetch`. */
  authorize: Authorize;
  loadXhr: LoadXhr;
}

/**
 * Origin and path with a closing slash: what lies under a prefix begins with it, and `/apiary` not with `/api/`. On a
 * server, which may load a page's modules, what is relative lies in no place that is called.
 */
function placeOf(address: string): string {
  const url = resolveAddress(address, globalThis.location ? undefined : anyPage);
  return url.origin + url.pathname.replace(/\/?$/, '/');
}

/** A session that is attached: what it covers, and how it sends that. */
export interface Attachment extends Transports {
  key: string;
  isCovered: (place: string) => boolean;
}

/** Finds the session that covers an address. */
type Choose = (address: string) => Attachment | undefined;

/**
 * Where a `fetch` of ours has its sessions. By a name that copies of this module share: a bundle that is evaluated again
 * brings one.
 */
const attached = Symbol.for('daypass.attached');

type AttachedFetch = Fetch & { [attached]?: { found: Fetch; sessions: Attachment[] } };

/**
 * Replaces `fetch`, and methods of XMLHttpRequest where there is one, so that calls under the prefixes go through the
 * session. A `fetch` that was replaced so before takes the session in, and none is laid over it: the session that came
 * last serves what several cover, and one of the same addresses is gone.
 * @param prefixes addresses, resolved as `fetch` resolves them
 * @param settings Identity and the broker never get the token, though a prefix may cover them
 * @returns the `fetch` that was replaced; undefined where there is nothing to cover, and it was left alone
 * @throws TypeError for a prefix that is no address
 */
export function attach(
  transports: Transports,
  prefixes: readonly string[],
  settings: Pick<Settings, 'identityUrl' | 'brokerUrl'>,
): Fetch | undefined {
  const covered = prefixes.map(placeOf);
  if (covered.every((place) => place.startsWith(anyPage))) return undefined;
  const excepted = [settings.identityUrl, settings.brokerUrl].map(placeOf);
  const isCovered = (place: string) => {
    const isUnder = (prefix: string) => place.startsWith(prefix);
    return covered.some(isUnder) && !excepted.some(isUnder);
  };
  const key = `${covered} ${excepted}`;
  let mine = (fetch as AttachedFetch)[attached];
  if (!mine) {
    const choose: Choose = (address) => {
      try {
        const place = placeOf(address);
        return mine?.sessions.find((session) => session.isCovered(place));
      } catch {
        // What is no address is for the browser to refuse.
      }
    };
    replaceXhr(choose, transports.loadXhr);
    mine = { found: replaceFetch((address) => choose(address)?.fetch), sessions: [] };
    (fetch as AttachedFetch)[attached] = mine;
  }
  mine.sessions = [
    { ...transports, key, isCovered },
    ...mine.sessions.filter((session) => session.key !== key),
  ];
  return mine.found;
}
