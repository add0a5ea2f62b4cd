import type { Authorize } from './authorize.ts';
import { copy } from './authorizedFetch.ts';
import { resolveUrl } from './options.ts';

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

/** Whether `open` was asked for a synchronous call: by its third argument, also where that is undefined. */
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
    // The target's own method: what stands in for an object, as in MSW, is none that the prototype's would take.
    for (const name in prototype) target.addEventListener(name.slice(2), hear);
    return target;
  };
  globalThis.XMLHttpRequest = new Proxy(Found, {
    construct: (...passed) => listen(Reflect.construct(...passed)),
  });
}
