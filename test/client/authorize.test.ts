import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAuthorize } from '../../client/authorize.ts';
import { createSession } from '../../client/index.ts';
import { brokerError, FakeSite, json, optionsWith, origin, tokenRefused } from './support/fakeSite.ts';
import { freeze } from './support/freeze.ts';

freeze();
const address = `${origin}/api/items`;
let site: FakeSite;
let session: ReturnType<typeof createSession>;
beforeEach(async () => {
  site = new FakeSite();
  site.install();
  session = createSession(optionsWith());
  await session.token();
  site.lines();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

const twice = ['POST /api/items', 'POST /session/token', 'POST /api/items'];

test.each<[string, () => BodyInit]>([
  ['text', () => 'a=1'],
  ['form', () => new URLSearchParams({ a: '1' })],
  ['bytes', () => new TextEncoder().encode('a=1')],
  ['blob', () => new Blob(['a=1'])],
])('sends again once, whole, with another token, after a 401 for the token: %s', async (_, body) => {
  site.once('POST /api/items', tokenRefused);
  const response = await session.fetch(address, {
    method: 'POST',
    body: body(),
    headers: { 'x-mine': 'yes' },
  });
  expect(response.status).toBe(200);
  const [first, , second] = site.calls;
  expect(first?.headers.get('authorization')).toBe('Bearer access-2');
  expect(second?.headers.get('authorization')).toBe('Bearer access-3');
  expect([first?.body, second?.body]).toEqual(['a=1', 'a=1']);
  expect(second?.headers.get('x-mine')).toBe('yes');
  expect(site.lines()).toEqual(twice);
});

test('a Request is sent again whole', async () => {
  site.once('POST /api/items', tokenRefused);
  await session.fetch(new Request(address, { method: 'POST', body: 'a=1' }));
  expect([site.calls[0]?.body, site.calls[2]?.body]).toEqual(['a=1', 'a=1']);
  expect(site.lines()).toEqual(twice);
});

test.each(['session_ended', 'session_unknown'])(
  'a session that gate and broker both refuse is replaced, and the call goes through: %s',
  async (code) => {
    site.once('POST /api/items', tokenRefused);
    site.once('POST /session/token', brokerError(400, code));
    const response = await session.fetch(address, { method: 'POST', body: 'a=1' });
    expect(response.status).toBe(200);
    expect(site.lines()).toEqual([
      'POST /api/items',
      'POST /session/token',
      'POST /.netlify/identity/signup',
      'POST /.netlify/identity/token',
      'POST /session/token',
      'POST /api/items',
    ]);
  },
);

test('never sends a third time', async () => {
  site.always('POST /api/items', tokenRefused);
  const response = await session.fetch(address, { method: 'POST', body: 'a=1' });
  expect(response.status).toBe(401);
  expect(site.lines()).toEqual(twice);
});

test('a stream is not sent again', async () => {
  site.always('POST /api/items', tokenRefused);
  const body = new Blob(['a=1']).stream();
  const init: RequestInit & { duplex: 'half' } = { method: 'POST', body, duplex: 'half' };
  const response = await session.fetch(address, init);
  expect(response.status).toBe(401);
  expect(site.lines()).toEqual(['POST /api/items']);
});

test.each([
  ['401 without a challenge', () => json(401, {})],
  ['401 of another scheme', () => json(401, {}, { 'www-authenticate': 'Basic realm="x"' })],
  ['401 for want of a token', () => json(401, {}, { 'www-authenticate': 'Bearer realm="x"' })],
  ['401 for another reason', () => json(401, {}, { 'www-authenticate': 'Bearer error="invalid_request"' })],
  ['403', () => json(403, {}, { 'www-authenticate': 'Bearer error="insufficient_scope"' })],
  ['403 for the token', () => json(403, {}, { 'www-authenticate': 'Bearer error="invalid_token"' })],
  ['429', () => json(429, {}, { 'retry-after': '1' })],
  ['500', () => json(500, {})],
  ['503', () => json(503, {}, { 'retry-after': '1' })],
])('%s is the caller’s, and nothing is sent again', async (_, answer) => {
  const { status } = answer();
  site.always('GET /api/items', answer);
  expect((await session.fetch(address)).status).toBe(status);
  expect(site.lines()).toEqual(['GET /api/items']);
});

test('no answer is the caller’s, and nothing is sent again', async () => {
  site.always('GET /api/items', () => Promise.reject(new TypeError('Failed to fetch')));
  await expect(session.fetch(address)).rejects.toThrow(new TypeError('Failed to fetch'));
  expect(site.lines()).toEqual(['GET /api/items']);
});

test('where a refused token cannot be replaced for now, the backend’s 401 is the caller’s, and the event says why', async () => {
  const errors: unknown[] = [];
  session.on('error', (error) => errors.push(error));
  site.always('GET /api/items', tokenRefused);
  site.always('POST /session/token', brokerError(429, 'rate_limited', { 'retry-after': '7' }));
  for (const _ of [1, 2]) expect((await session.fetch(address)).status).toBe(401);
  expect(errors).toMatchObject([{ code: 'rate_limited', retryAfterSeconds: 7 }]);
  expect(site.lines()).toEqual(['GET /api/items', 'POST /session/token', 'GET /api/items']);
});

test('many refused at once get one new token', async () => {
  site.always('GET /api/items', ({ headers }) =>
    headers.get('authorization') === 'Bearer access-2' ? tokenRefused() : json(200, {}),
  );
  const responses = await Promise.all(Array.from({ length: 10 }, () => session.fetch(address)));
  expect(responses.every((response) => response.ok)).toBe(true);
  expect(site.lines().filter((line) => line === 'POST /session/token').length).toBe(1);
});

test('a signal that has aborted sends nothing to the API', async () => {
  const reason = new Error('changed my mind');
  await expect(session.fetch(address, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(site.lines()).toEqual([]);
});

test('a signal that aborts while the token is fetched frees the caller, and the token comes all the same', async () => {
  const controller = new AbortController();
  const reason = new Error('changed my mind');
  const fresh = createSession(optionsWith());
  site.once('POST /session/token', () => {
    controller.abort(reason);
    return json(200, site.tokenResponse());
  });
  const request = new Request(address, { signal: controller.signal });
  await expect(fresh.fetch(request)).rejects.toBe(reason);
  expect(await fresh.token()).toMatch(/^access-/);
  expect(site.lines()).not.toContain('GET /api/items');
});

test('a signal keeps no listener of a call that has ended', async () => {
  const { signal } = new AbortController();
  const add = vi.spyOn(signal, 'addEventListener');
  const remove = vi.spyOn(signal, 'removeEventListener');
  const listeners = (spy: { mock: { calls: unknown[][] } }) => spy.mock.calls.map(([, listener]) => listener);
  site.once('GET /api/items', tokenRefused);
  const authorize = createAuthorize(
    async (unwanted) => (unwanted ? 'b' : 'a'),
    async () => {},
    () => {},
    'Authorization',
    () => import('../../client/refusals.ts'),
  );
  await authorize(address, signal, true, (name, value) => fetch(address, { headers: { [name]: value } }));
  // The token, the other token, the second try.
  expect(add).toHaveBeenCalledTimes(3);
  expect(listeners(remove)).toEqual(listeners(add));
});

test('the 401 is the page’s where what sends again is that of another version', async () => {
  const authorize = createAuthorize(
    async () => 'a',
    async () => {},
    () => {},
    'Authorization',
    async () => ({}) as typeof import('../../client/refusals.ts'),
  );
  expect((await authorize(address, null, true, async () => tokenRefused())).status).toBe(401);
});

test('a stream passed with a Request is not copied', async () => {
  const clone = vi.spyOn(Request.prototype, 'clone');
  const init: RequestInit & { duplex: 'half' } = { body: new Blob(['a=1']).stream(), duplex: 'half' };
  await session.fetch(new Request(address, { method: 'POST' }), init);
  expect(clone).not.toHaveBeenCalled();
  expect(site.calls[0]?.body).toBe('a=1');
});

describe('in a page', () => {
  let targets: unknown[];
  beforeEach(() => {
    targets = [];
    const found = fetch;
    vi.stubGlobal('location', { href: `${origin}/` });
    vi.stubGlobal('fetch', (input: string, init?: RequestInit) => {
      targets.push(input);
      return found(new URL(input, location.href), init);
    });
    session = createSession(optionsWith());
  });
  const moveTo = (path: string) =>
    site.once('POST /session/token', () => {
      vi.stubGlobal('location', { href: `${origin}${path}` });
      return json(200, site.tokenResponse());
    });

  test('the token goes to the address that was called, wherever the page is by then', async () => {
    moveTo('/shop/');
    await session.fetch('api/items');
    expect(site.lines().at(-1)).toBe('GET /api/items');
    expect(targets.at(-1)).toBe(address);
  });

  test('text stays text where it means the same', async () => {
    moveTo('/page');
    await session.fetch('api/items');
    expect(site.lines().at(-1)).toBe('GET /api/items');
    expect(targets.at(-1)).toBe('api/items');
  });
});

test('the caller’s own Authorization gives way, all else stays', async () => {
  await session.fetch(address, { headers: { authorization: 'Basic x', accept: 'text/plain' } });
  expect(site.calls[0]?.headers.get('authorization')).toBe('Bearer access-2');
  expect(site.calls[0]?.headers.get('accept')).toBe('text/plain');
});

describe('at a site with a password', () => {
  const basic = 'Basic dmlzaXRvcjpwYXNzd29yZA==';
  const beginWith = async (header: string) => {
    session = createSession(optionsWith({ header }));
    await session.token();
    site.lines();
  };

  test.each(['X-Daypass', 'x-daypass'])('only the token travels in %s, next to it', async (header) => {
    await beginWith(header);
    site.once('POST /api/items', tokenRefused);
    const response = await session.fetch(address, { method: 'POST', headers: { authorization: basic } });
    expect(response.status).toBe(200);
    const [first, renewal, second] = site.calls;
    expect(first?.headers.get('authorization')).toBe(basic);
    expect(first?.headers.get('x-daypass')).toMatch(/^access-\d+$/);
    expect(second?.headers.get('authorization')).toBe(basic);
    expect(second?.headers.get('x-daypass')).toMatch(/^access-\d+$/);
    expect(second?.headers.get('x-daypass')).not.toBe(first?.headers.get('x-daypass'));
    expect([...(renewal?.headers.keys() ?? [])]).not.toContain('x-daypass');
    expect(site.lines()).toEqual(twice);
  });

  test('a 401 for the password is the page’s: no other token mends it', async () => {
    await beginWith('X-Daypass');
    site.once('POST /api/items', () => json(401, {}, { 'www-authenticate': 'Basic realm="site"' }));
    expect((await session.fetch(address, { method: 'POST' })).status).toBe(401);
    expect(site.lines()).toEqual(['POST /api/items']);
  });

  test('without the option nothing is in X-Daypass', async () => {
    await session.fetch(address, { method: 'POST' });
    expect(site.calls[0]?.headers.has('x-daypass')).toBe(false);
    expect(site.calls[0]?.headers.get('authorization')).toBe('Bearer access-2');
  });
});

test('what fetch itself refuses is refused alike', async () => {
  await expect(session.fetch('http://')).rejects.toThrow(TypeError);
  await expect(session.fetch(address, { method: 'GET', body: 'x' })).rejects.toThrow(TypeError);
  expect(site.lines()).toEqual([]);
});
