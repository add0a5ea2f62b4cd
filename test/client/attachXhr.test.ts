import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { attach, type LoadXhr } from '../../client/attach.ts';
import type { Authorize } from '../../client/authorize.ts';
import { checkOptions } from '../../client/options.ts';
import { createXhr } from '../../client/xhr.ts';
import { optionsWith, origin } from './support/fakeSite.ts';

// What happens before the rest is loaded. How a browser's own object is sent: test/compat/xhr.test.ts.

let log: string[];
let authorized: string[];
let load: { resolve(module: { createXhr: typeof createXhr }): void; reject(reason: unknown): void };

/** What of the browser's object is made use of. Its addresses are resolved when it is opened, as those of a browser are. */
function makeXhr() {
  class FakeXhr extends EventTarget {
    #state = 0;
    get readyState(): number {
      return this.#state;
    }
    open(method: string, address: unknown): void {
      log.push(`open ${method} ${new URL(`${address}`, location.href)}`);
      this.#state = 1;
    }
    setRequestHeader(name: string, value: string): void {
      log.push(`field ${name}: ${value}`);
    }
    send(body?: unknown): void {
      log.push(`send ${body}`);
    }
    abort(): void {
      log.push('abort');
    }
  }
  Object.assign(FakeXhr.prototype, { onloadend: null, onreadystatechange: null });
  return FakeXhr;
}

/** Lets whatever waits for promises go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve));

const authorize: Authorize = async (url, _signal, _isRepeatable, send) => {
  authorized.push(url);
  await undefined;
  return send('Authorization', 'Bearer a');
};

beforeEach(() => {
  log = [];
  authorized = [];
  vi.stubGlobal('location', { href: `${origin}/` });
  vi.stubGlobal('fetch', () => Promise.reject(new Error('not called here')));
  vi.stubGlobal('XMLHttpRequest', makeXhr());
  vi.stubGlobal('ProgressEvent', class extends Event {});
  const loaded: ReturnType<LoadXhr> = new Promise((resolve, reject) => {
    load = { resolve, reject };
  });
  const transports = { fetch, authorize, loadXhr: () => loaded };
  attach(transports, [`${origin}/api/`], checkOptions(optionsWith()));
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('the token goes to the address that was opened, wherever the page is by then', async () => {
  const xhr = new XMLHttpRequest();
  xhr.open('GET', 'api/x');
  xhr.send();
  vi.stubGlobal('location', { href: `${origin}/shop/` });
  load.resolve({ createXhr });
  await settle();
  expect(authorized).toEqual([`${origin}/api/x`]);
  expect(log).toEqual([`open GET ${origin}/api/x`, 'field Authorization: Bearer a', 'send undefined']);
});

test('one that was opened where nothing is covered stays so', async () => {
  vi.stubGlobal('location', { href: `${origin}/shop/` });
  const xhr = new XMLHttpRequest();
  xhr.open('GET', 'api/x');
  vi.stubGlobal('location', { href: `${origin}/` });
  xhr.send();
  load.resolve({ createXhr });
  await settle();
  expect(authorized).toEqual([]);
  expect(log).toEqual([`open GET ${origin}/shop/api/x`, 'send undefined']);
});

const isMissing = () => load.reject(new Error('missing'));
const isOfAnotherVersion = () => load.resolve({} as { createXhr: typeof createXhr });

test.each([
  ['cannot be loaded', isMissing],
  ['is that of another version', isOfAnotherVersion],
])('where the rest %s, a call goes out once, without a token', async (_, fail) => {
  const xhr = new XMLHttpRequest();
  xhr.open('POST', '/api/x');
  xhr.send('a');
  fail();
  await settle();
  expect(log).toEqual([`open POST ${origin}/api/x`, 'send a']);
});

test.each([
  ['cannot be loaded', isMissing],
  ['is that of another version', isOfAnotherVersion],
  ['comes', () => load.resolve({ createXhr })],
])('what was aborted meanwhile is not sent when the rest %s', async (_, end) => {
  const xhr = new XMLHttpRequest();
  xhr.open('POST', '/api/x');
  xhr.send('a');
  xhr.abort();
  end();
  await settle();
  expect(log.filter((line) => line.startsWith('send'))).toEqual([]);
});

test('abort before send stops nothing, as in a browser', async () => {
  const xhr = new XMLHttpRequest();
  xhr.open('POST', '/api/x');
  xhr.abort();
  xhr.send('a');
  isMissing();
  await settle();
  expect(log.at(-1)).toBe('send a');
});

test('the state is the object’s own where another XMLHttpRequest has taken the place', async () => {
  const xhr = new XMLHttpRequest();
  xhr.open('GET', '/api/x');
  xhr.send();
  load.resolve({ createXhr });
  await settle();
  const get = vi.fn(() => 0);
  vi.stubGlobal('XMLHttpRequest', class {});
  Object.defineProperty(XMLHttpRequest.prototype, 'readyState', { get });
  xhr.dispatchEvent(new Event('readystatechange'));
  expect(get).not.toHaveBeenCalled();
});
