import { type Authorize, copy, readTarget } from './authorize.ts';
import { anyPage, resolveUrl, type Settings } from './options.ts';

/**
 * Replaces `fetch`, except for calls that carry `Authorization` or `X-Daypass` already, calls of mode `no-cors`, which may
 * carry neither (Fetch standard, "no-CORS-safelisted request-header"), and URLs that are not covered.
 * @param choose the `fetch` that sends to a URL instead; undefined when it is not covered
 * @returns the `fetch` that was replaced
 */
export function replaceFetch(choose: (url: string) => Fetch | undefined): Fetch {
  const found = fetch;
  globalThis.fetch = async (input, init) => {
    let read!: ReturnType<typeof readTarget>;
    let instead: Fetch | undefined;
    try {
      read = readTarget(input);
      instead = choose(read.url);
    } catch {
      // An invalid URL is for the browser to refuse.
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
  /** Sends other requests than by `fetch`. */
  authorize: Authorize;
  loadXhr: LoadXhr;
}

/**
 * Origin and path with a closing slash: URLs under a prefix begin with it, and `/apiary` does not begin with `/api/`. On a
 * server, which may load a page's modules, a relative URL resolves to an origin that is never called.
 */
function urlPrefixOf(input: string): string {
  const url = resolveUrl(input, globalThis.location ? undefined : anyPage);
  return url.origin + url.pathname.replace(/\/?$/, '/');
}

/** A session that is attached: what it covers, and how it sends that. */
export interface Attachment extends Transports {
  key: string;
  isCovered: (urlPrefix: string) => boolean;
}

/** Finds the session that covers a URL. */
type Choose = (url: string) => Attachment | undefined;

/**
 * Where our `fetch` has its sessions. By a name that copies of this module share: a bundle that is evaluated again
 * brings one.
 */
const attached = Symbol.for('daypass.attached');

type AttachedFetch = Fetch & { [attached]?: { found: Fetch; sessions: Attachment[] } };

/**
 * Replaces `fetch`, and methods of XMLHttpRequest where there is one, so that calls under the prefixes go through the
 * session. A `fetch` that was replaced so before takes the session in and is not wrapped again. Where several sessions
 * cover a URL the last one serves it; a session with the same prefixes is replaced.
 * @param prefixes URLs, resolved as `fetch` resolves them
 * @param settings Identity and the broker never get the token, though a prefix may cover them
 * @returns the `fetch` that was replaced; undefined where there is nothing to cover, and it was not replaced
 * @throws TypeError for a prefix that is not a URL
 */
export function attach(
  transports: Transports,
  prefixes: readonly string[],
  settings: Pick<Settings, 'identityUrl' | 'brokerUrl'>,
): Fetch | undefined {
  const covered = prefixes.map(urlPrefixOf);
  if (covered.every((prefix) => prefix.startsWith(anyPage))) return undefined;
  const excepted = [settings.identityUrl, settings.brokerUrl].map(urlPrefixOf);
  const isCovered = (urlPrefix: string) => {
    const isUnder = (prefix: string) => urlPrefix.startsWith(prefix);
    return covered.some(isUnder) && !excepted.some(isUnder);
  };
  const key = `${covered} ${excepted}`;
  let mine = (fetch as AttachedFetch)[attached];
  if (!mine) {
    const choose: Choose = (url) => {
      try {
        const urlPrefix = urlPrefixOf(url);
        return mine?.sessions.find((session) => session.isCovered(urlPrefix));
      } catch {
        // An invalid URL is for the browser to refuse.
      }
    };
    replaceXhr(choose, transports.loadXhr);
    mine = { found: replaceFetch((url) => choose(url)?.fetch), sessions: [] };
    (fetch as AttachedFetch)[attached] = mine;
  }
  mine.sessions = [
    { ...transports, key, isCovered },
    ...mine.sessions.filter((session) => session.key !== key),
  ];
  return mine.found;
}

const methods = ['open', 'setRequestHeader', 'send', 'abort'] as const;

export type XhrMethod = (typeof methods)[number];

/** What was done with an object since it was opened: the methods, and what they were passed. */
export type Step = [method: XhrMethod, passed: unknown[]];

type Xhr = XMLHttpRequest;

/** The methods as they were found. */
export type FoundXhr = Record<XhrMethod, (this: Xhr, ...passed: unknown[]) => unknown>;

/** Finds the session that covers a URL. */
export type ChooseSession = (url: string) => { authorize: Authorize } | undefined;

/** What does the work, once it is loaded. See `createXhr`. */
export interface LoadedXhr {
  handle(xhr: Xhr, method: XhrMethod, passed: unknown[]): unknown;
  hear(event: Event): void;
  resume(xhr: Xhr, steps: Step[]): void;
}

export type CreateXhr = (
  found: FoundXhr,
  opened: WeakMap<Xhr, Step[] | undefined>,
  choose: ChooseSession,
  listen: (xhr: Xhr) => void,
) => LoadedXhr;

/** Loads what sends an XMLHttpRequest, when a page uses one. */
export type LoadXhr = () => Promise<{ createXhr: CreateXhr }>;

/** Whether `open` was called for a synchronous request: by its third argument, also where that is undefined. */
export function isSync(passed: readonly unknown[]): boolean {
  return passed.length > 2 && !passed[2];
}

/**
 * Replaces four methods of XMLHttpRequest, and its constructor, so that what hides an answer is the first to hear of it.
 * The first `send` that a session covers loads what does the work, and waits for it; where it cannot be loaded, the call
 * goes out without a token. Synchronous calls do not wait.
 */
export function replaceXhr(choose: ChooseSession, load: LoadXhr): void {
  const Found = globalThis.XMLHttpRequest;
  if (!Found) return;
  const prototype = Found.prototype as unknown as FoundXhr;
  const found = {} as FoundXhr;
  const opened = new WeakMap<Xhr, Step[] | undefined>();
  let xhr: LoadedXhr | undefined;

  for (const method of methods) {
    const own = prototype[method];
    found[method] = own;
    prototype[method] = function (...passed) {
      if (xhr) return xhr.handle(this, method, passed);
      const steps = opened.get(this);
      if (method === 'open') {
        const [verb, url, ...others] = passed;
        // What it is now: a URL may change, and the page's base too.
        const resolve = () => [verb, resolveUrl(`${url}`).href, ...others];
        opened.set(this, choose(`${url}`) && [[method, resolve()]]);
      } else if (steps) {
        const sent = steps.push([method, passed.map(copy)]);
        if (method === 'send') {
          load()
            .then(({ createXhr }) => {
              xhr ??= createXhr(found, opened, choose, listen);
              xhr.resume(this, steps);
            })
            .catch(() => {
              if (opened.get(this) === steps && steps[sent]?.[0] !== 'abort') own.apply(this, passed);
            });
          if (!isSync((steps[0] as Step)[1]) || !opened.delete(this)) return undefined;
        }
      }
      return own.apply(this, passed);
    };
  }

  const hear = (event: Event) => xhr?.hear(event);
  const listen = (target: Xhr) => {
    // Of properties such as `onload`; for what else there is no event is sent.
    // The target's own method: a stand-in for an object, as in MSW, is not one that the prototype's method would take.
    for (const name in prototype) target.addEventListener(name.slice(2), hear);
    return target;
  };
  globalThis.XMLHttpRequest = new Proxy(Found, {
    construct: (...passed) => listen(Reflect.construct(...passed)),
  });
}
