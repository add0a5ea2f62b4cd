import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeSite, optionsWith, origin } from './support/fakeSite.ts';

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

test.each<[string, string[]]>([
  ['/api/', ['/api/']],
  ['relative to the page', ['api/', '../v1', '?x']],
  ['none', []],
])(
  'attached at the top of a module too, it does not change the fetch of a server: %s',
  async (_, prefixes) => {
    const { createSession } = await import('../../client/index.ts');
    const found = fetch;
    const session = createSession();
    session.attach(prefixes);
    expect(fetch).toBe(found);
    // Of its tests, say.
    vi.stubGlobal('fetch', async () => new Response('replaced later'));
    expect(await (await fetch('/api/hello')).text()).toBe('replaced later');
  },
);

test('session.fetch sends there by the fetch of its moment, though it was attached', async () => {
  const { createSession } = await import('../../client/index.ts');
  const session = createSession(optionsWith());
  session.attach(['/api/']);
  const site = new FakeSite();
  site.install();
  await session.fetch(`${origin}/api/x`);
  expect(site.lines().at(-1)).toBe('GET /api/x');
});

test('next to an absolute prefix, a relative one covers nothing there', async () => {
  const { createSession } = await import('../../client/index.ts');
  const site = new FakeSite();
  site.install();
  createSession(optionsWith({ brokerUrl: undefined })).attach(['/api/', `${origin}/v1/`]);
  await fetch('https://elsewhere.example/api/hello');
  expect(site.lines()).toEqual(['GET /api/hello']);
  await expect(fetch(`${origin}/v1/hello`)).rejects.toMatchObject({ url: '/session/token' });
});

test('a prefix that is no address is a mistake there too', async () => {
  const { createSession } = await import('../../client/index.ts');
  const found = fetch;
  expect(() => createSession().attach(['/api/', 'http://'])).toThrow(
    new TypeError('Daypass: bad URL http://'),
  );
  expect(fetch).toBe(found);
});

test('in a page whose fetch does not know its address (jsdom), prefixes are resolved as its links are', async () => {
  const { createSession } = await import('../../client/index.ts');
  vi.stubGlobal('location', { href: `${origin}/deep/page` });
  const site = new FakeSite();
  site.install();
  createSession(optionsWith()).attach(['/api/', 'files']);
  const sent = async (path: string) => {
    await fetch(origin + path);
    return site.calls.at(-1)?.headers.get('authorization')?.slice(0, 7);
  };
  expect(await sent('/api/hello')).toBe('Bearer ');
  expect(await sent('/deep/files/a')).toBe('Bearer ');
  expect(await sent('/files/a')).toBeUndefined();
});
