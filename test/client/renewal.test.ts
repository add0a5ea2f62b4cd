import { beforeEach, expect, test, vi } from 'vitest';
import { createSession, type SessionEvents } from '../../client/index.ts';
import {
  brokerError,
  coldStart,
  FakeSite,
  failureOf,
  json,
  optionsWith,
  origin,
} from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
let site: FakeSite;
let session: ReturnType<typeof createSession>;
let events: [string, unknown][];

beforeEach(async () => {
  site = new FakeSite();
  site.install();
  session = createSession(optionsWith());
  events = [];
  for (const event of ['obtained', 'renewed', 'ended', 'error'] as const) {
    session.on(event, (detail: SessionEvents[typeof event]) => events.push([event, detail]));
  }
  await session.token();
  site.lines();
});

const renewal = ['POST /session/token'];

test('a token is renewed one minute before it expires, when it is used', async () => {
  pass(239);
  expect(await session.token()).toBe('access-2');
  expect(site.lines()).toEqual([]);
  pass(1);
  expect(await session.token()).toBe('access-3');
  expect(await session.token()).toBe('access-3');
  expect(site.calls.map((call) => call.line)).toEqual(renewal);
  expect(Object.fromEntries(new URLSearchParams(site.calls[0]?.body))).toMatchObject({
    subject_token: 'access-2',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  });
  expect(events.map(([event]) => event)).toEqual(['obtained', 'renewed']);
});

test('a short-lived token is used for three quarters of its life', async () => {
  site.always('POST /session/token', () => json(200, site.tokenResponse({ expires_in: 60 })));
  await session.token({ renew: true });
  site.lines();
  pass(44);
  await session.token();
  expect(site.lines()).toEqual([]);
  pass(1);
  await session.token();
  expect(site.lines()).toEqual(renewal);
});

test('after a sleep past the expiry the token is renewed and not used', async () => {
  pass(3000);
  await session.fetch(`${origin}/api/hello`);
  const [renew, call] = site.calls;
  expect(renew?.line).toBe('POST /session/token');
  expect(call?.headers.get('authorization')).toBe('Bearer access-3');
});

test('a token of the future, after the clock was set back, is renewed', async () => {
  pass(-3600);
  expect(await session.token()).toBe('access-3');
  expect(site.lines()).toEqual(renewal);
});

test('the time that the answer took counts against the token', async () => {
  site.once('POST /session/token', () => {
    pass(100);
    return json(200, site.tokenResponse());
  });
  await session.token({ renew: true });
  pass(140);
  site.lines();
  await session.token();
  expect(site.lines()).toEqual(renewal);
});

test('many calls at once renew once', async () => {
  pass(250);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => session.token()));
  expect(new Set(tokens)).toEqual(new Set(['access-3']));
  expect(site.lines()).toEqual(renewal);
});

test('an idle page asks for nothing, however long', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'setInterval'] });
  await session.token({ renew: true });
  site.lines();
  await vi.advanceTimersByTimeAsync(100_000_000);
  expect(site.lines()).toEqual([]);
});

test('renewal on demand gives the next token though the one at hand is fresh', async () => {
  expect(await session.token({ renew: true })).toBe('access-3');
  expect(site.lines()).toEqual(renewal);
});

test('renewal on demand that fails is an error, and the token at hand stays', async () => {
  site.always('POST /session/token', brokerError(503, 'store_unavailable'));
  expect((await failureOf(session.token({ renew: true }))).code).toBe('store_unavailable');
  expect(await session.token()).toBe('access-2');
});

test.each([
  [400, 'token_expired'],
  [400, 'session_ended'],
  [400, 'session_unknown'],
  [403, 'foreign_origin'],
])('a refused renewal starts over with one exchange: %i %s', async (status, code) => {
  pass(250);
  site.once('POST /session/token', brokerError(status, code));
  expect(await session.token()).toBe('access-4');
  expect(site.lines()).toEqual([...renewal, ...coldStart]);
  expect(events.slice(1).map(([event]) => event)).toEqual(['ended', 'obtained']);
  expect(events[1]?.[1]).toEqual({ reason: 'refused' });
});

test('a session whose time is up starts over without asking for a renewal', async () => {
  pass(43_200);
  await session.token();
  expect(site.lines()).toEqual(coldStart);
  expect(events[1]).toEqual(['ended', { reason: 'expired' }]);
});

test.each([
  ['503', brokerError(503, 'store_unavailable')],
  ['429', brokerError(429, 'rate_limited')],
  ['no answer', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['a crash', () => new Response('Internal error', { status: 502 })],
])('while renewal fails for now, the token is kept as long as it is valid: %s', async (_, answer) => {
  site.always('POST /session/token', answer);
  pass(250);
  expect(await session.token()).toBe('access-2');
  pass(49);
  expect(await session.token()).toBe('access-2');
  expect(new Set(site.lines())).toEqual(new Set(renewal));
  pass(1);
  expect((await failureOf(session.token())).retryAfterSeconds).toBeGreaterThan(0);
  expect(events.some(([event]) => event === 'error')).toBe(true);
  expect(events.some(([event]) => event === 'ended')).toBe(false);
});

test('a token whose session was refused stays in use while no new one is to be had', async () => {
  site.once('POST /session/token', brokerError(400, 'session_ended'));
  site.always('POST /.netlify/identity/signup', () => json(503, { msg: 'Later' }));
  pass(250);
  expect(await session.token()).toBe('access-2');
  pass(10);
  expect(await session.token()).toBe('access-2');
  // The second attempt knew that there is nothing left to renew.
  expect(site.lines()).toEqual([...renewal, coldStart[0], coldStart[0]]);
  expect(events.filter(([event]) => event === 'ended').length).toBe(1);
});
