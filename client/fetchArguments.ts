import { resolveAddress } from './options.ts';

/** The first argument of `fetch`, read once. */
interface Target {
  /** A Request is the caller's own, a URL is a copy, and everything else is text. */
  target: RequestInfo | URL;
  /** Absolute. */
  url: string;
  request?: Request;
}

/**
 * Reads the target as `fetch` would. A Request, of whatever realm, is what the browser's own getters take for one;
 * everything else is a URL or text, and is turned into it once.
 * @throws TypeError for an address that is none
 */
export function readTarget(input: RequestInfo | URL): Target {
  try {
    const request = input as Request;
    return { url: Reflect.get(Request.prototype, 'url', request), target: request, request };
  } catch {
    const target = input instanceof URL ? new URL(input) : `${input}`;
    return { url: resolveAddress(`${target}`).href, target };
  }
}

/** Copies the second argument of `fetch`, with what of it the page may change after the call. */
export function copyOptions(init: RequestInit | undefined): RequestInit {
  const copied: Record<string, unknown> = {};
  // Inherited ones too, as `fetch` reads them: a Request may stand in the place of options.
  for (const name in init) copied[name] = copy((init as Record<string, unknown>)[name]);
  return copied;
}

/** What tells apart what is copied, of whatever realm. */
interface Copied extends Partial<Pick<FormData, 'append' | 'forEach'>> {
  byteLength?: number;
  slice?: () => unknown;
  constructor: new () => FormData;
}

/** Copies bytes, forms, and header fields; anything else is left as it is. */
export function copy(value: unknown): unknown {
  const { byteLength, slice, append, forEach, constructor: Kind } = (value ?? 0) as Copied;
  if (slice && (byteLength as number) >= 0) return slice.call(value);
  if (Kind === (Object as unknown)) return { ...(value as object) };
  if (!append || !forEach) return value;
  const copied = new Kind();
  (value as FormData).forEach((item, name) => {
    copied.append(name, item);
  });
  return copied;
}

/** Sets a header field. Plain fields stay plain: what wrapped `fetch` may spread them. */
export function withField(headers: HeadersInit | undefined, name: string, value: string): HeadersInit {
  const all = new Headers(headers);
  const isPlain = !all.has(name) && !(headers as Partial<Iterable<unknown>> | undefined)?.[Symbol.iterator];
  all.set(name, value);
  return isPlain ? { ...headers, [name]: value } : all;
}
