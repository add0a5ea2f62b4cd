import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { readRetryAfter } from '../../client/timing.ts';
import { brokerError, coldStart, FakeSite, failureOf, optionsWith } from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
let site: FakeSite;
let session: ReturnType<typeof createSession>;
beforeEach(() => {
  site = new FakeSite();
  site.install();
  session = createSession(optionsWith());
});

test('Retry-After is seconds or a date', () => {
  expect(readRetryAfter('17')).toBe(17);
  expect(readRetryAfter(new Date(Date.now() + 90_000).toUTCString())).toBe(90);
  for (const nothing of [null, '', '0', 'soon', '1 2']) expect(readRetryAfter(nothing)).toBeUndefined();
});

test.each([
  ['seconds', () => '30'],
  ['a date', () => new Date(Date.now() + 30_000).toUTCString()],
])('no attempt is made before Retry-After is over: %s', async (_, retryAfter) => {
  site.once('POST /session/token', brokerError(429, 'rate_limited', { 'retry-after': retryAfter() }));
  const error = await failureOf(session.token());
  expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAfterSeconds: 30 });
  site.lines();
  pass(29);
  expect(await failureOf(session.token())).toMatchObject({ code: 'rate_limited', retryAfterSeconds: 1 });
  expect(site.lines()).toEqual([]);
  pass(1);
  expect(await session.token()).toMatch(/^access-/);
  expect(site.lines()).toEqual(coldStart);
});

test('the error that was thrown first does not change while others wait', async () => {
  site.once('POST /session/token', brokerError(503, 'store_unavailable', { 'retry-after': '30' }));
  const first = await failureOf(session.token());
  pass(20);
  const second = await failureOf(session.token());
  expect([first.retryAfterSeconds, second.retryAfterSeconds]).toEqual([30, 10]);
});

test('waits double up to a minute, and a success forgets them', async () => {
  site.always('POST /session/token', brokerError(503, 'store_unavailable'));
  const waits: unknown[] = [];
  for (let attempt = 0; attempt < 9; attempt++) {
    const { retryAfterSeconds = 0 } = await failureOf(session.token());
    waits.push(retryAfterSeconds);
    pass(retryAfterSeconds);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  site.once('POST /session/token', () => Response.json(site.tokenResponse({ expires_in: 1 })));
  await session.token();
  pass(1);
  expect((await failureOf(session.token())).retryAfterSeconds).toBe(1);
});

test('waits are jittered down to half', async () => {
  vi.mocked(Math.random).mockReturnValue(0);
  site.always('POST /session/token', brokerError(503, 'store_unavailable'));
  await failureOf(session.token());
  pass(1);
  await failureOf(session.token());
  // Two seconds, halved.
  site.lines();
  pass(0.9);
  await failureOf(session.token());
  expect(site.lines()).toEqual([]);
  pass(0.1);
  await failureOf(session.token());
  expect(site.lines()).toEqual(coldStart);
});

test('an absurd Retry-After locks no page out', async () => {
  site.once('POST /session/token', brokerError(429, 'rate_limited', { 'retry-after': '99999999' }));
  expect((await failureOf(session.token())).retryAfterSeconds).toBe(3600);
  pass(3600);
  await session.token();
});

test('a clock that was set back locks no page out', async () => {
  site.once('POST /session/token', brokerError(429, 'rate_limited', { 'retry-after': '60' }));
  await failureOf(session.token());
  pass(-86_400);
  await session.token();
});

test('an error event reports each attempt, not each call', async () => {
  const codes: string[] = [];
  session.on('error', (error) => codes.push(`${error.code} ${error.retryAfterSeconds}`));
  site.always('POST /session/token', brokerError(503, 'identity_unavailable', { 'retry-after': '50' }));
  for (const _ of [1, 2, 3]) await failureOf(session.token());
  expect(codes).toEqual(['identity_unavailable 50']);
});

describe('once the browser is online again', () => {
  let page: EventTarget;
  beforeEach(() => {
    page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  });
  const failToFetch = () => Promise.reject(new TypeError('Failed to fetch'));

  test('the wait that a network failure caused is over, each time', async () => {
    site.always(coldStart[0] as string, failToFetch);
    for (const _ of [1, 2, 3]) {
      expect(await failureOf(session.token())).toMatchObject({ code: 'network_error' });
      expect(site.lines()).toEqual(coldStart.slice(0, 1));
      expect(await failureOf(session.token())).toMatchObject({ code: 'network_error' });
      expect(site.lines()).toEqual([]);
      page.dispatchEvent(new Event('online'));
    }
    site.always(coldStart[0] as string, () => Response.json({ id: 'u', confirmed_at: 'now' }));
    expect(await session.token()).toMatch(/^access-/);
  });

  test('a wait that the broker asked for goes on, also when one for the network came before it', async () => {
    site.once(coldStart[0] as string, failToFetch);
    await failureOf(session.token());
    page.dispatchEvent(new Event('online'));
    site.always('POST /session/token', brokerError(503, 'store_unavailable', { 'retry-after': '30' }));
    await failureOf(session.token());
    site.lines();
    page.dispatchEvent(new Event('online'));
    expect(await failureOf(session.token())).toMatchObject({ retryAfterSeconds: 30 });
    expect(site.lines()).toEqual([]);
  });
});
