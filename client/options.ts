import { identityPath } from '../src/protocol/wire.ts';

/**
 * Where the access token is kept. Its functions may answer at once, as `localStorage` does, or by a promise; whatever
 * throws, rejects or takes longer than two seconds is done without, and the token is kept in memory.
 * @example
 * ```ts
 * // IndexedDB, by idb-keyval: for a service worker, which has no localStorage and often restarts.
 * import { del, get, set } from 'idb-keyval';
 *
 * const storage: TokenStorage = { getItem: (key) => get(key), setItem: set, removeItem: del };
 * createSession({ storage });
 * ```
 */
export interface TokenStorage {
  /** What was stored last under this key; null or undefined when there is nothing. */
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** How far the proof of a sign-up is. */
export interface ProofProgress {
  /** Of the work that it takes at most: 0 to 1, and 1 once it is made. From 0 again when the challenge expired. */
  fraction: number;
  /** How long it took, once it is made. */
  milliseconds?: number;
}

/** What a proof is made from. */
export interface ProofContext {
  /** Where the broker answers, without a slash at the end. */
  brokerUrl: string;
  /** Emits the session's event `proof`. */
  report: (progress: ProofProgress) => void;
}

/**
 * Makes the proof of one sign-up; undefined when the site requires none. Called for each sign-up: a proof holds
 * once. Whatever it throws fails the sign-up, with code `proof_failed` where it is no SessionError.
 */
export type Prove = (context: ProofContext) => Promise<string | undefined>;

interface TextOptions {
  /** Where Identity answers: absolute, or relative to the page. Default `/.netlify/identity`. */
  identityUrl: string;
  /** Where the broker answers: absolute, or relative to the page. Default `/session`. */
  brokerUrl: string;
  /** The backend that the token is for, by its name in the site's policy. Default: the policy's first. */
  audience: string;
  /** Scopes to request, separated by spaces (RFC 6749 §3.3). Default: all that the audience has. */
  scope: string;
  /** Domain of the throwaway users' e-mails: the policy's `throwaway.emailDomain`. Default `visitor.invalid`. */
  emailDomain: string;
  /**
   * Which field carries the token: `Authorization`, or `X-Daypass` where a password of the site takes that one. Default
   * `Authorization`. A redirect to another origin takes `X-Daypass` along, which it does not do with `Authorization`.
   */
  header: string;
}

/** What `createSession` takes; every field has a default, also when it is undefined. */
export type SessionOptions = { [Name in keyof TextOptions]?: string | undefined } & {
  /**
   * Shares the token between tabs, and keeps it for the next page. Default: `localStorage` where there is one. Null:
   * only memory.
   */
  storage?: TokenStorage | null | undefined;
  /** Makes the proof that a sign-up sends: `prove` of `daypass/proof`. Default: none. */
  prove?: Prove | undefined;
};

/** The options with their defaults filled in. */
export type Settings = TextOptions & Pick<SessionOptions, 'storage' | 'prove'>;

/** A URL that a page can resolve; throws for anything else. */
const url = { test: (value: string) => !!resolveUrl(value, anyPage) };

/** The options that are text: the default, and what a value must look like. */
const texts: { readonly [Name in keyof TextOptions]: readonly [string, Pick<RegExp, 'test'>?] } = {
  identityUrl: [identityPath, url],
  brokerUrl: ['/session', url],
  audience: [''],
  scope: [''],
  emailDomain: ['visitor.invalid', /^[\w.-]+$/],
  header: ['Authorization', /^(Authorization|X-Daypass)$/i],
};

/** Own ones: a page's libraries may have put more on the prototype of all objects. */
export const optionNames = Object.keys(texts) as (keyof TextOptions)[];

/** Stands for the page, which there may be none yet: a module that makes a session may be loaded on a server. */
export const anyPage = 'https://page.invalid';

/**
 * Unknown options (a script tag may have other attributes) are left out.
 * @throws TypeError for a value that is not a string, a URL that `fetch` could not resolve in a page, an invalid domain or header
 */
export function checkOptions(options: SessionOptions): Settings {
  const settings = { storage: options.storage, prove: options.prove } as Settings;
  const { prove, storage } = settings;
  if (prove !== undefined && typeof prove !== 'function') throw new TypeError('Daypass: bad option prove');
  if (Object(storage ?? settings) !== (storage ?? settings))
    throw new TypeError('Daypass: bad option storage');
  for (const name of optionNames) {
    const [fallback, form] = texts[name];
    const value: unknown = options[name] ?? fallback;
    if (typeof value !== 'string' || form?.test(value) === false) {
      throw new TypeError(`Daypass: bad option ${name}`);
    }
    settings[name] = form === url ? value.replace(/\/$/, '') : value;
  }
  return settings;
}

/**
 * Resolves a URL as `fetch` does: in a page from its base URL, in a worker from the URL of its script.
 * @param base resolves it from there instead
 * @throws TypeError for an invalid URL
 */
export function resolveUrl(url: string, base?: string): URL {
  try {
    return new URL(new Request(base ? new URL(url, base) : url).url);
  } catch {
    // Under jsdom there is a page, of which Node's own Request does not know.
    if (!base && globalThis.location) return resolveUrl(url, location.href);
    throw new TypeError(`Daypass: bad URL ${url}`);
  }
}
