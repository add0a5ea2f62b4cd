import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { fc } from '../support/property.ts';
import {
  brokerError,
  coldStart,
  FakeSite,
  failureOf,
  json,
  optionsWith,
  origin,
  tokenRefused,
} from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

// The wall clock of a device is set, by its owner or by a time server, to and fro; and in a tab that the browser freezes,
// or on a machine that sleeps, every timer is late.

freeze();
let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});
const [signUp, logIn, exchange] = coldStart as [string, string, string];

describe('a wall clock that is set', () => {
  const tokenSeconds = 300;
  const sessionSeconds = 43_200;
  const graceSeconds = 3600;

  /** Time as it is, whatever the clock of the device says. */
  let present: number;
  beforeEach(() => {
    present = 0;
    // No wait is looked at here.
    vi.stubGlobal('setTimeout', (task: () => void) => queueMicrotask(task));
    const begun = new Map<string, { at: number; sessionAt: number }>();
    site.always(exchange, ({ body }) => {
      const form = new URLSearchParams(body);
      const before = begun.get(`${form.get('subject_token')}`);
      const isRenewal = /access_token$/.test(`${form.get('subject_token_type')}`);
      if (isRenewal && (!before || present - before.at > tokenSeconds + graceSeconds)) {
        return brokerError(400, 'token_expired')();
      }
      const sessionAt = before?.sessionAt ?? present;
      const left = sessionSeconds - (present - sessionAt);
      if (left <= 0) return brokerError(400, 'session_ended')();
      const token = site.tokenResponse({ expires_in: tokenSeconds, session_expires_in: left });
      begun.set(`${token.access_token}`, { at: present, sessionAt });
      return json(200, token);
    });
    site.otherwise = ({ headers }) => {
      const token = begun.get(`${headers.get('authorization')}`.replace('Bearer ', ''));
      return token && present - token.at < tokenSeconds ? json(200, {}) : tokenRefused();
    };
  });

  const seconds = fc.oneof(
    fc.integer({ min: 0, max: 600 }),
    fc.integer({ min: 0, max: 100_000 }),
    fc.constantFrom(30 * 86_400, 365 * 86_400),
  );
  const step = fc.record({ passed: seconds, set: fc.tuple(seconds, fc.constantFrom(-1, 0, 1)) });

  test('to and fro, at any time: each call succeeds, and costs one cold start at most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const session = createSession(optionsWith());
        for (const { passed, set } of steps) {
          present += passed;
          pass(passed + set[0] * set[1]);
          expect((await session.fetch(`${origin}/api/x`)).status).toBe(200);
          const lines = site.lines();
          // Refused, not renewed, and begun again.
          const most = ['GET /api/x', exchange, signUp, logIn, exchange, 'GET /api/x'];
          for (const line of new Set(lines)) {
            const count = (all: readonly string[]) => all.filter((one) => one === line).length;
            expect(count(lines)).toBeLessThanOrEqual(count(most));
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test.each([-86_400, 86_400])(
    'while a token is on its way, by %i s: it serves the call, and the next renews',
    async (by) => {
      const session = createSession(optionsWith());
      site.once(exchange, (call) => {
        pass(by);
        return json(200, site.tokenResponse({ for: call.line }));
      });
      expect(await session.token()).toBe('access-2');
      site.lines();
      site.always(exchange, () => json(200, site.tokenResponse()));
      await session.token();
      await session.token();
      expect(site.lines().filter((line) => line === exchange)).toHaveLength(1);
    },
  );

  test('back between refusals at two paths: they are no two within a minute', async () => {
    const session = createSession(optionsWith());
    const ends: string[] = [];
    session.on('ended', ({ reason }) => ends.push(reason));
    site.otherwise = tokenRefused;
    await session.fetch(`${origin}/api/a`);
    pass(-86_400);
    await session.fetch(`${origin}/api/b`);
    // Waits for the lock, and so for an end that came before it.
    await session.revoke();
    await expect.poll(() => ends, { interval: 0 }).toContain('revoked');
    expect(ends).toEqual(['revoked']);
  });
});

describe('a tab that is frozen while it waits out a 503', () => {
  /** Timers fire so much later than they should. */
  function freezeFor(frozenSeconds: number): void {
    vi.stubGlobal('setTimeout', (task: () => void, milliseconds: number) => {
      if (milliseconds >= 1000) pass(frozenSeconds);
      queueMicrotask(task);
    });
  }
  const later = brokerError(503, 'store_unavailable', { 'retry-after': '2' });

  test('goes on with the same user when it wakes', async () => {
    freezeFor(600);
    const session = createSession(optionsWith());
    site.once(exchange, later);
    expect(await session.token()).toMatch(/^access-/);
    expect(site.lines()).toEqual([signUp, logIn, exchange, exchange]);
    // The token is as old as its answer, and not as the wait.
    await session.token();
    expect(site.lines()).toEqual([]);
  });

  test('begins again when its user has expired meanwhile', async () => {
    freezeFor(7200);
    const session = createSession(optionsWith());
    site.once(exchange, later, brokerError(400, 'subject_token_expired'));
    expect(await failureOf(session.token())).toMatchObject({ code: 'subject_token_expired' });
    pass(1);
    expect(await session.token()).toMatch(/^access-/);
    expect(site.lines()).toEqual([signUp, logIn, exchange, exchange, ...coldStart]);
  });

  test('renews, or begins again, when its session ended meanwhile', async () => {
    const session = createSession(optionsWith());
    await session.token();
    site.lines();
    pass(400);
    freezeFor(43_200);
    site.once(exchange, later, brokerError(400, 'session_ended'));
    expect(await session.token()).toMatch(/^access-/);
    expect(site.lines()).toEqual([exchange, exchange, signUp, logIn, exchange]);
  });
});
