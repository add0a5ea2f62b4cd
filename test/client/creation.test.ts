import { afterEach, beforeEach, expect, test, vi } from 'vitest';

// Here is no page: what a server does that loads a page's modules.

const names = ['localStorage', 'navigator', 'crypto', 'fetch', 'addEventListener', 'setTimeout', 'console'];
let touched: string[];

/** Tells of whatever is asked of a global. */
function trap(name: string): unknown {
  const tell = () => {
    touched.push(name);
  };
  return new Proxy(tell, { get: tell });
}

beforeEach(() => {
  touched = [];
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

test('the traps work, so the tests below mean something', () => {
  vi.stubGlobal('fetch', trap('fetch'));
  fetch('/x');
  expect(touched).toEqual(['fetch']);
});

test('importing the module touches nothing', async () => {
  for (const name of ['localStorage', 'crypto', 'fetch', 'addEventListener']) vi.stubGlobal(name, trap(name));
  await import('../../client/index.ts');
  expect(touched).toEqual([]);
});

test.each([
  ['with its defaults', undefined],
  ['with a relative address', { brokerUrl: 'api/session' }],
  // For which gotrue-js has a warning.
  ['with an address of http', { identityUrl: 'http://localhost:8888/.netlify/identity' }],
])('a session that is made at the top of a module touches nothing: %s', async (_, options) => {
  const { createSession } = await import('../../client/index.ts');
  for (const name of names) vi.stubGlobal(name, trap(name));
  const session = createSession(options);
  session.on('obtained', () => {});
  expect(touched).toEqual([]);
});

test('the first call there fails with the address that only a page can resolve', async () => {
  const { createSession } = await import('../../client/index.ts');
  const { SessionError } = await import('../../client/errors.ts');
  const error = await createSession()
    .token()
    .then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
  expect(error).toBeInstanceOf(SessionError);
  expect(error).toMatchObject({ url: '/.netlify/identity/signup', status: undefined });
});
