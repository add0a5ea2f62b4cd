import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { createLock } from '../../client/tokenSource.ts';
import { coldStart, FakeSite, failureOf, optionsWith } from './support/fakeSite.ts';
import { freeze, skipWaits } from './support/freeze.ts';

freeze();
let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});
afterEach(() => vi.unstubAllGlobals());

type Request = (name: string, options: LockOptions, granted: (lock: unknown) => Promise<void>) => unknown;

const stubLocks = (request: Request | undefined) => vi.stubGlobal('navigator', { locks: { request } });
const denied = () => new DOMException('denied', 'SecurityError');

const unavailable: [string, unknown][] = [
  ['there is no navigator', undefined],
  ['there are no locks', {}],
  ['they are null', { locks: null }],
  ['a polyfill has no request', { locks: {} }],
  [
    'request throws',
    {
      locks: {
        request: () => {
          throw denied();
        },
      },
    },
  ],
  ['it rejects with a SecurityError', { locks: { request: () => Promise.reject(denied()) } }],
  [
    'it rejects with an InvalidStateError',
    { locks: { request: () => Promise.reject(new DOMException('not fully active', 'InvalidStateError')) } },
  ],
  [
    'it returns no promise',
    { locks: { request: (_: string, __: unknown, granted: () => unknown) => void granted() } },
  ],
];

test.each(unavailable)('where %s, a session is had without a lock, and revoked', async (_, navigator) => {
  vi.stubGlobal('navigator', navigator);
  const session = createSession(optionsWith());
  const [first, second] = await Promise.all([session.token(), session.token()]);
  expect(first).toBe(second);
  await session.revoke();
  expect(site.lines()).toEqual([...coldStart, 'POST /session/revoke']);
});

test('what a call without a lock fails with is the session’s own error, once', async () => {
  stubLocks(() => Promise.reject(denied()));
  site.always('POST /session/token', () => new Response(null, { status: 500 }));
  const errors: unknown[] = [];
  const session = createSession(optionsWith());
  session.on('error', (error) => errors.push(error));
  expect(await failureOf(session.token())).toMatchObject({ code: 'unexpected_answer', status: 500 });
  expect(errors).toHaveLength(1);
  expect(site.lines()).toEqual(coldStart);
});

test('a lock that is stolen or lost after it was granted runs nothing twice', async () => {
  stubLocks(async (_, __, granted) => {
    void granted({});
    await new Promise(setImmediate);
    throw new DOMException('stolen', 'AbortError');
  });
  let runs = 0;
  const result = createLock('name')(async () => {
    runs += 1;
    await new Promise((resolve) => setTimeout(resolve, 5));
    return 'result';
  });
  expect([await result, runs]).toEqual(['result', 1]);
});

/** Locks of a browser in which another tab, frozen, holds this one; `thaw` ends that. */
function freezeOtherTab() {
  const waiting: { options: LockOptions; granted: (lock: unknown) => Promise<void> }[] = [];
  let isFrozen = true;
  stubLocks((_, options, granted) => {
    if (!isFrozen) return granted({});
    if (options.ifAvailable) return granted(null);
    return new Promise((_, reject) => {
      waiting.push({ options, granted });
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    });
  });
  return {
    waiting,
    thaw: () => {
      isFrozen = false;
    },
  };
}

test('a lock that a frozen tab holds is waited for as long as one request may take', async () => {
  const controller = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValueOnce(controller.signal);
  const { waiting } = freezeOtherTab();
  const token = createSession(optionsWith()).token();
  await expect.poll(() => waiting.length, { interval: 0 }).toBe(1);
  expect(timeout.mock.calls).toEqual([[20_000]]);
  expect(site.lines()).toEqual([]);
  controller.abort();
  expect(await token).toBe('access-2');
  expect(site.lines()).toEqual(coldStart);
});

test('it is waited for once, not at each renewal; and asked for again when it is free', async () => {
  skipWaits();
  const timeouts: AbortController[] = [];
  vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    const controller = new AbortController();
    timeouts.push(controller);
    return controller.signal;
  });
  /** As when 20 seconds have gone by since whatever was begun. */
  const passTimeouts = () => {
    for (const timeout of timeouts.splice(0)) timeout.abort();
  };
  const { waiting, thaw } = freezeOtherTab();
  const session = createSession(optionsWith());
  const token = session.token();
  await expect.poll(() => waiting.length, { interval: 0 }).toBe(1);
  passTimeouts();
  await token;
  for (const _ of [1, 2, 3]) {
    await session.token({ renew: true });
    passTimeouts();
  }
  expect(waiting).toHaveLength(1);
  thaw();
  await session.token({ renew: true });
  passTimeouts();
  const { waiting: later } = freezeOtherTab();
  void session.token({ renew: true });
  await expect.poll(() => later.length, { interval: 0 }).toBe(1);
});

test('two sessions on one page take turns', async () => {
  const order: string[] = [];
  const run = (name: string) =>
    createLock('turns')(async () => {
      order.push(`${name} begins`);
      await new Promise(setImmediate);
      order.push(`${name} ends`);
    });
  await Promise.all([run('one'), run('other')]);
  expect(order).toEqual(['one begins', 'one ends', 'other begins', 'other ends']);
});
