import { beforeEach, describe, expect, test } from 'vitest';
import { createSession } from '../../client/index.ts';
import {
  brokerError,
  coldStart,
  FakeSite,
  failureOf,
  optionsWith,
  origin,
  tokenRefused,
} from './support/fakeSite.ts';
import { freeze, pass, skipWaits } from './support/freeze.ts';

freeze();
let site: FakeSite;
let session: ReturnType<typeof createSession>;
let waits: number[];
beforeEach(() => {
  site = new FakeSite();
  site.install();
  session = createSession(optionsWith());
  waits = skipWaits();
});

const [signUp, logIn, exchange] = coldStart as [string, string, string];
const later = (retryAfter: string) => brokerError(503, 'store_unavailable', { 'retry-after': retryAfter });

test('an exchange that is answered 503 twice is waited for: the call succeeds, after one sign-up', async () => {
  site.once(exchange, later('2'), later('2'));
  const errors: unknown[] = [];
  session.on('error', (error) => errors.push(error));
  expect((await session.fetch(`${origin}/api/hello`)).status).toBe(200);
  const tokens = site.calls
    .filter(({ line }) => line === exchange)
    .map(({ body }) => new URLSearchParams(body).get('subject_token'));
  expect(tokens).toEqual(['identity-1', 'identity-1', 'identity-1']);
  expect(site.lines()).toEqual([signUp, logIn, exchange, exchange, exchange, 'GET /api/hello']);
  expect(waits).toEqual([2, 2]);
  expect(errors).toEqual([]);
});

test('Retry-After may be a date, and one that is about to come is a second', async () => {
  const inSeconds = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
  pass(0.75);
  site.once(
    exchange,
    () => later(inSeconds(0.25))(),
    () => later(inSeconds(3.25))(),
  );
  await session.token();
  expect(waits).toEqual([1, 3.25]);
});

test('calls made meanwhile wait for the same exchange', async () => {
  site.once(exchange, later('2'), later('2'));
  const tokens = await Promise.all(Array.from({ length: 20 }, () => session.token()));
  expect(new Set(tokens).size).toBe(1);
  expect(site.lines()).toEqual([signUp, logIn, exchange, exchange, exchange]);
});

test('it waits for ten seconds in all, and reports one failure', async () => {
  site.always(exchange, later('4'));
  const errors: unknown[] = [];
  session.on('error', (error) => errors.push(error));
  const error = await failureOf(session.token());
  expect(error).toMatchObject({ code: 'store_unavailable', status: 503, retryAfterSeconds: 4 });
  expect(waits).toEqual([4, 4]);
  expect(site.lines()).toEqual([signUp, logIn, exchange, exchange, exchange]);
  expect(errors).toEqual([error]);
});

test.each([
  ['503 without Retry-After', brokerError(503, 'store_unavailable')],
  ['503 that asks for more than ten seconds', later('11')],
  ['429', brokerError(429, 'rate_limited', { 'retry-after': '2' })],
  ['500', brokerError(500, 'internal_error', { 'retry-after': '2' })],
])('any other failure of an exchange is reported at once: %s', async (_, answer) => {
  site.always(exchange, answer);
  await failureOf(session.token());
  expect(waits).toEqual([]);
  expect(site.lines()).toEqual(coldStart);
});

test('a token that is refused after the wait is the end of this exchange', async () => {
  site.once(exchange, later('2'), brokerError(400, 'subject_token_expired'));
  expect(await failureOf(session.token())).toMatchObject({ code: 'subject_token_expired' });
  expect(site.lines()).toEqual([signUp, logIn, exchange, exchange]);
});

test('no call waits for a renewal while the token at hand is good', async () => {
  const token = await session.token();
  pass(250);
  site.always(exchange, later('2'));
  expect(await session.token()).toBe(token);
  expect(waits).toEqual([]);
});

describe('a renewal that is answered 503 with Retry-After', () => {
  const subjects = () =>
    site.calls
      .filter(({ line }) => line === exchange)
      .map(({ body }) => new URLSearchParams(body).get('subject_token'));
  let first: string;
  beforeEach(async () => {
    first = await session.token();
    site.lines();
  });

  test('is waited for once the token at hand has expired: same session, same token, no sign-up', async () => {
    const errors: unknown[] = [];
    session.on('error', (error) => errors.push(error));
    pass(400);
    site.once(exchange, later('2'), later('3'));
    expect((await session.fetch(`${origin}/api/hello`)).status).toBe(200);
    expect(subjects()).toEqual([first, first, first]);
    expect(site.lines()).toEqual([exchange, exchange, exchange, 'GET /api/hello']);
    expect([waits, errors]).toEqual([[2, 3], []]);
  });

  test('is waited for when the backend refuses the token at hand, or the page asks for another', async () => {
    site.once('GET /api/hello', tokenRefused);
    site.once(exchange, later('2'));
    expect((await session.fetch(`${origin}/api/hello`)).status).toBe(200);
    site.once(exchange, later('1'));
    await session.token({ renew: true });
    expect(waits).toEqual([2, 1]);
    expect(site.lines()).toEqual([
      'GET /api/hello',
      exchange,
      exchange,
      'GET /api/hello',
      exchange,
      exchange,
    ]);
  });

  test('is not waited for while the token at hand lasts: it is tried later', async () => {
    pass(298);
    site.once(exchange, later('2'));
    expect(await session.token()).toBe(first);
    expect([waits, site.lines()]).toEqual([[], [exchange]]);
    pass(2);
    expect(await session.token()).not.toBe(first);
    expect([waits, site.lines()]).toEqual([[], [exchange]]);
  });

  test('is waited for once the token at hand expires meanwhile', async () => {
    pass(250);
    site.once(exchange, () => {
      pass(100);
      return later('2')();
    });
    expect(await session.token()).not.toBe(first);
    expect([waits, site.lines()]).toEqual([[2], [exchange, exchange]]);
  });

  test('is waited for ten seconds in all, and its session stays', async () => {
    pass(400);
    site.always(exchange, later('4'));
    expect(await failureOf(session.token())).toMatchObject({ status: 503, retryAfterSeconds: 4 });
    expect([waits, site.lines()]).toEqual([
      [4, 4],
      [exchange, exchange, exchange],
    ]);
    pass(4);
    site.always(exchange, () => Response.json(site.tokenResponse()));
    await session.token();
    expect(site.lines()).toEqual([exchange]);
  });

  test('is given up when the session ends meanwhile: another begins', async () => {
    pass(400);
    site.once(exchange, later('2'), brokerError(400, 'session_ended'));
    await session.token();
    expect(site.lines()).toEqual([exchange, exchange, signUp, logIn, exchange]);
  });

  test('and is refused then, leaves to the exchange what is left of the ten seconds', async () => {
    pass(400);
    site.once(exchange, later('7'), brokerError(400, 'session_ended'), later('3'), later('1'));
    expect(await failureOf(session.token())).toMatchObject({ status: 503, retryAfterSeconds: 1 });
    expect(waits).toEqual([7, 3]);
  });
});
