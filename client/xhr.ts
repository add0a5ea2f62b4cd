import { type CreateXhr, isSync, type Step, type XhrMethod } from './attach.ts';
import { type Authorize, copy } from './authorize.ts';
import { resolveUrl } from './options.ts';
import { type Answer, refusesToken } from './refusals.ts';

type Xhr = XMLHttpRequest;

/** One use of an object, from `open` to the next `open`. */
interface Call {
  handle(method: XhrMethod, passed: unknown[]): unknown;
  /** An event of the browser's, before the page hears it. */
  hear(event: Event): void;
  /** The object was opened again. */
  leave(): void;
}

/**
 * Makes asynchronous XMLHttpRequests go through the session. The page's own object is sent, by the methods that were
 * found: `send` waits for the token; after a 401 for the token the object is opened again, with the page's fields, and
 * the page hears nothing of the first answer, unless there is no other. Where no token can be had, the call ends as it
 * would without a network, and the reason is in the console.
 * @param opened what was done before this was loaded, by object
 * @param listen has an object's events heard by `hear`
 */
export const createXhr: CreateXhr = (found, opened, choose, listen) => {
  const calls = new WeakMap<Xhr, Call>();
  const heard = new WeakSet<Event>();
  let isWarned = false;

  function dispatch(target: EventTarget, event: Event): void {
    heard.add(event);
    target.dispatchEvent(event);
  }

  function warn(url: string): void {
    if (isWarned) return;
    isWarned = true;
    console.warn(
      `Daypass: a synchronous XMLHttpRequest cannot wait for a token; make it asynchronous, or set Authorization to "Bearer " and what daypass.token() gave: ${url}`,
    );
  }

  /** @param fields the page's header fields; more are added */
  function createCall(
    xhr: Xhr,
    opening: unknown[],
    fields: unknown[][],
    url: string,
    authorize: Authorize,
  ): Call {
    const held: Event[] = [];
    /** As the page sees it. */
    let isSent = false;
    /** What the page sees is not what the browser does: nothing yet, or the first of two tries. */
    let isHidden = false;
    /** Methods that were found may call others, which is not the page's doing. */
    let isInner = false;
    let tries = 0;
    let sentAt = 0;
    /** The page's `timeout`. */
    let limit = 0;
    let body: unknown[] = [];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let settle: { resolve(answer: Answer): void; reject(): void } | undefined;
    let over = Promise.resolve();
    let onOver = () => {};

    const isCurrent = () => calls.get(xhr) === call;

    function leave(): void {
      isHidden = false;
      clearTimeout(timer);
      settle?.reject();
    }

    /** Ends a call as the browser would (XMLHttpRequest standard, "request error steps"). */
    function end(type: 'abort' | 'error' | 'timeout'): void {
      isHidden = true;
      if (tries) found.abort.call(xhr);
      leave();
      showState(xhr, 4);
      const dispatchCurrent = (target: EventTarget, event: Event) => isCurrent() && dispatch(target, event);
      dispatchCurrent(xhr, new Event('readystatechange'));
      for (const target of body[0] && !tries ? [xhr.upload, xhr] : [xhr]) {
        for (const name of [type, 'loadend']) dispatchCurrent(target, new ProgressEvent(name));
      }
      if (type === 'abort' && isCurrent()) showState(xhr, 0);
    }

    function readAnswer(): Answer {
      const { status } = xhr;
      const ended = over;
      return {
        status,
        ok: status >= 200 && status < 300,
        headers: { get: (name) => xhr.getResponseHeader(name) },
        json: () =>
          ended.then(() => (xhr.responseType === 'json' ? xhr.response : JSON.parse(xhr.responseText))),
      };
    }

    /** Settles once the header fields of the answer are there; rejects with nothing when the page knows already. */
    function sendWith(name: string, value: string): Promise<Answer> {
      return new Promise((resolve, reject) => {
        if (!isHidden || !isCurrent()) return reject();
        settle = { resolve, reject };
        isInner = true;
        try {
          if (tries) {
            found.open.apply(xhr, opening);
            for (const field of fields) found.setRequestHeader.apply(xhr, field);
          } else {
            limit = xhr.timeout;
          }
          tries += 1;
          over = new Promise((done) => {
            onOver = done;
          });
          found.setRequestHeader.call(xhr, name, value);
          // The browser counts from here, the page from its `send`.
          if (limit) xhr.timeout = Math.max(1, limit - (Date.now() - sentAt));
          held.length = 0;
          isHidden = false;
          showState(xhr);
          found.send.apply(xhr, body);
        } finally {
          isInner = false;
        }
      });
    }

    function start(passed: unknown[]): void {
      isSent = isHidden = true;
      sentAt = Date.now();
      body = passed.map(copy);
      // Of an object that our constructor made it does nothing.
      listen(xhr);
      if (xhr.timeout) timer = setTimeout(() => isHidden && end('timeout'), xhr.timeout);
      dispatch(xhr, new ProgressEvent('loadstart'));
      if (!isHidden) return;
      authorize(url, null, true, sendWith)
        .then(() => over)
        .then(
          () => {
            if (!isHidden || !isCurrent()) return;
            // The first answer is the last.
            leave();
            showState(xhr);
            // One that was stopped stays so: others of its kind.
            for (const event of held) {
              if (isCurrent()) dispatch(xhr, Reflect.construct(event.constructor, [event.type, event]));
            }
          },
          (error: unknown) => {
            if (!error || !isCurrent()) return;
            console.error(error);
            end('error');
          },
        );
    }

    const call: Call = {
      leave,
      handle(method, passed) {
        if (isInner) return found[method].apply(xhr, passed);
        if (method === 'abort') return isHidden ? end('abort') : found.abort.call(xhr);
        if (isSent) {
          throw new DOMException(
            `Failed to execute '${method}' on 'XMLHttpRequest': The object's state must be OPENED.`,
            'InvalidStateError',
          );
        }
        if (method === 'send' && !hasToken(fields)) {
          if (!isSync(opening)) return start(passed);
          warn(url);
        }
        found[method].apply(xhr, passed);
        if (method === 'setRequestHeader') fields.push(passed);
        return undefined;
      },
      hear(event) {
        // Then it is sent as it is.
        if (!tries) return;
        // Of the object's own prototype: what stands in the place of XMLHttpRequest by now may have another.
        const state: number = Reflect.get(Reflect.getPrototypeOf(xhr) as Xhr, 'readyState', xhr);
        if (event.type === 'readystatechange' && !isHidden) {
          if (state === 2) {
            const answer = readAnswer();
            if (tries === 1 && refusesToken(answer)) {
              isHidden = true;
              showState(xhr, 1);
            }
            settle?.resolve(answer);
          }
          if (state === 4 && limit) xhr.timeout = limit;
        }
        if (event.type === 'loadend') {
          settle?.reject();
          onOver();
        }
        if (isHidden && state === 4) held.push(event);
        if (isHidden || event.type === 'loadstart') event.stopImmediatePropagation();
      },
    };
    return call;
  }

  /** Keeps a call, when a session covers it. */
  function keep(xhr: Xhr, opening: unknown[], fields: unknown[][]): void {
    const [method, givenUrl, ...others] = opening;
    const session = choose(`${givenUrl}`);
    if (!session) {
      calls.delete(xhr);
      return;
    }
    // Resolved now: a URL object may have changed, and the page's base too.
    const { href: url } = resolveUrl(`${givenUrl}`);
    calls.set(xhr, createCall(xhr, [method, url, ...others], fields, url, session.authorize));
  }

  function open(xhr: Xhr, passed: unknown[]): void {
    const before = calls.get(xhr);
    opened.delete(xhr);
    // The page may send it while `open` announces its new state.
    keep(xhr, passed, []);
    showState(xhr);
    try {
      found.open.apply(xhr, passed);
    } catch (error) {
      if (before) calls.set(xhr, before);
      throw error;
    }
    before?.leave();
  }

  /** Takes over what was done before this was loaded. */
  function takeOver(xhr: Xhr): void {
    const [first, ...others] = opened.get(xhr) ?? [];
    if (first) keep(xhr, first[1], fieldsOf(others));
    opened.delete(xhr);
  }

  /** Does what the method of an object does. */
  function handle(xhr: Xhr, method: XhrMethod, passed: unknown[]): unknown {
    if (method === 'open') return open(xhr, passed);
    takeOver(xhr);
    const call = calls.get(xhr);
    return call ? call.handle(method, passed) : found[method].apply(xhr, passed);
  }

  return {
    handle,

    /** An event, before the page hears it: one that it stops is not delivered. */
    hear(event: Event): void {
      if (!heard.has(event)) calls.get(event.currentTarget as Xhr)?.hear(event);
    },

    /** Goes on with a `send` that waited for this; a synchronous one did not wait. */
    resume(xhr: Xhr, steps: Step[]): void {
      const opening = steps[0]?.[1] ?? [];
      if (isSync(opening)) {
        if (!hasToken(fieldsOf(steps))) warn(`${opening[1]}`);
      } else if (opened.get(xhr) === steps) {
        const sent = steps.findIndex(([method]) => method === 'send');
        for (const [index, [method, passed]] of steps.entries()) {
          if (index === sent || (index > sent && method === 'abort')) handle(xhr, method, passed);
        }
      }
    },
  };
};

function fieldsOf(steps: Step[]): unknown[][] {
  return steps.filter(([method]) => method === 'setRequestHeader').map(([, passed]) => passed);
}

/** Whether the page has set a token of its own. */
function hasToken(fields: unknown[][]): boolean {
  return fields.some(([name]) => /^(authorization|x-daypass)$/i.test(`${name}`));
}

/** Shows the page another state than the browser has; undefined shows the browser's. */
function showState(xhr: Xhr, value?: number): void {
  if (value === undefined) Reflect.deleteProperty(xhr, 'readyState');
  else Object.defineProperty(xhr, 'readyState', { value, configurable: true });
}
