import { nearest } from '../src/protocol/nearest.ts';
import { attach, replaceFetch } from './attach.ts';
import { checkOptions, optionNames, resolveUrl } from './options.ts';
import { openSession, type Session } from './session.ts';

declare global {
  /** The session of the script tag. */
  var daypass: Session;
}

/** What a tag says, as data of the DOM: data-identity-url is identityUrl. Undefined where no tag was found. */
type Data = Record<string, string | undefined> | undefined;

const noTag = 'Daypass: found no tag: give it data-api and the name daypass.js, or use createSession';

/** Where the page keeps what came first: its attributes, and whether they were at fault. */
const first = Symbol.for('daypass.tag');
const page = globalThis as { [first]?: { key: string; isRefused: boolean } };

const data = findTag();
const prefixes = readPrefixes(data);
const key = keyOf(data);
const before = page[first];
/** Loads what few pages need, from next to this file. */
const loadMore = () => import(moreUrl);
const moreUrl = './daypass-more.js';

// A library that visits pages, and a bundle that is evaluated again, bring the same tag each time.
if (before?.key !== key) {
  if (before && !before.isRefused) {
    throw new TypeError('Daypass: the first tag stays: for other attributes use createSession');
  }
  try {
    globalThis.daypass = start();
    page[first] = { key, isRefused: false };
  } catch (error) {
    globalThis.daypass = refuse(error);
    page[first] = { key, isRefused: true };
    throw error;
  }
}

/**
 * Finds the tag that this file came by. It has no tag of its own in a module, in a shadow tree, or where it is
 * evaluated out of a bundle: then it is the one of the document that names the API and whose file has `daypass` in its name.
 * All by the browser's own functions: an element of the page that is named `currentScript` hides the property.
 * @throws TypeError where there is no document
 */
function findTag(): Data {
  // A worker, or a server: there is nothing of a page to guard.
  if (typeof document === 'undefined') throw new TypeError(noTag);
  const { prototype } = Document;
  const own: HTMLOrSVGScriptElement | null = Reflect.get(prototype, 'currentScript', document);
  if (own && ('api' in own.dataset || hasOurName(own))) return { ...own.dataset };
  const tags = [...(prototype.querySelectorAll.call(document, 'script[data-api]') as NodeListOf<HTMLElement>)]
    .filter(hasOurName)
    .map((tag) => ({ ...tag.dataset }));
  return new Set(tags.map(keyOf)).size === 1 ? tags[0] : own ? { ...own.dataset } : undefined;
}

/** By the name of the file: that of the site, or of a folder, may be anything. */
function hasOurName(tag: HTMLElement | SVGElement): boolean {
  return 'src' in tag && /daypass[^/?]*(\?|$)/.test(`${tag.src}`);
}

function readPrefixes(data: Data): readonly string[] {
  return data?.api?.match(/\S+/g) ?? [];
}

/** Of attributes that are the same to a session; those of other tools come and go. */
function keyOf(data: Data): string {
  return JSON.stringify([readPrefixes(data), ...optionNames.map((name) => data?.[name]), data?.proof]);
}

/** @throws TypeError when there is no tag, or an attribute is missing, malformed or misspelt */
function start(): Session {
  if (!data) throw new TypeError(noTag);
  // As the page resolves it: `import` would start from this script's URL.
  const proofModule = data.proof ? resolveUrl(data.proof).href : undefined;
  const options = checkOptions({
    ...data,
    prove: proofModule ? async (context) => (await import(proofModule)).prove(context) : undefined,
  });
  const names: string[] = [...optionNames, 'api', 'proof'];
  for (const name of Object.keys(data)) {
    // Other tools have attributes of their own.
    const near = names.includes(name) ? name : nearest(name, names);
    if (near && !(near in data))
      throw new TypeError(`Daypass: no option data-${name}; did you mean data-${near}?`);
  }
  if (!prefixes[0]) throw new TypeError('Daypass: name your API: data-api="/api/"');
  const session = openSession(options, loadMore, loadMore);
  session.attach(prefixes);
  return session;
}

/**
 * Stands in for a session that cannot be: every call that wants a token fails with the reason. What the page meant to
 * cover is known from the prefixes that can be read, and from answers that demand a token (RFC 6750 §3).
 */
function refuse(reason: unknown): Session {
  const fail = () => Promise.reject(reason);
  const found = replaceFetch(() => async (input, init) => {
    const response = await found(input, init);
    const isMeant = response.status === 401 && /^Bearer/i.test(`${response.headers.get('www-authenticate')}`);
    return isMeant ? fail() : response;
  });
  for (const prefix of prefixes) {
    try {
      attach({ fetch: fail, authorize: fail, loadXhr: loadMore }, [prefix], checkOptions({}));
    } catch {
      // It names nothing that could be covered.
    }
  }
  return { fetch: fail, token: fail, revoke: fail, attach: fail, on: () => () => {} };
}
