import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession, SessionError } from '../../client/index.ts';
import { FakeSite, failureOf, optionsWith } from './support/fakeSite.ts';
import { freeze } from './support/freeze.ts';

freeze();
let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});

const [signUp, exchange] = ['POST /.netlify/identity/signup', 'POST /session/token'];

describe('whatever is thrown, its words are those of the error', () => {
  const thrown: [unknown, string][] = [
    [new TypeError('Failed to fetch'), 'Failed to fetch'],
    [new DOMException('The user aborted a request.', 'AbortError'), 'The user aborted a request.'],
    ['offline', 'offline'],
    [{ message: 'a wrapper’s own' }, 'a wrapper’s own'],
    [undefined, ''],
    [null, ''],
    [new Error(''), 'Error'],
  ];

  test.each([signUp, exchange])('by fetch at %s', async (line) => {
    for (const [error, words] of thrown) {
      site.once(line, () => Promise.reject(error));
      const failure = await failureOf(createSession(optionsWith()).token());
      expect(failure).toMatchObject({ code: 'network_error', reason: words });
      expect(failure.message).toBe(`Daypass: ${words || 'network_error'} (${failure.url})`);
      expect(failure.url).toMatch(/^https:/);
    }
  });

  test('by the maker of proofs', async () => {
    for (const [error, words] of thrown) {
      const session = createSession(optionsWith({ prove: () => Promise.reject(error) }));
      expect(await failureOf(session.token())).toMatchObject({
        code: 'proof_failed',
        message: `Daypass: ${words || 'proof_failed'}`,
      });
    }
  });

  test('by the browser', async () => {
    for (const [error, words] of thrown) {
      vi.spyOn(crypto, 'getRandomValues').mockImplementationOnce(() => {
        throw error;
      });
      const session = createSession(optionsWith());
      const events: unknown[] = [];
      session.on('error', (event) => events.push(event));
      const failure = await failureOf(session.token());
      const message = `Daypass: ${words || 'unexpected_error'}`;
      expect(failure).toMatchObject({ code: 'unexpected_error', message });
      expect(events).toEqual([failure]);
      // And no less while the next attempt waits.
      expect(await failureOf(session.token())).toMatchObject({ code: 'unexpected_error', message });
    }
  });
});

test('a request that nothing answers ends where AbortSignal has no timeout too', async () => {
  vi.stubGlobal('AbortSignal', Object.assign(class {}, { timeout: undefined }));
  const timers: [() => void, number][] = [];
  vi.stubGlobal('setTimeout', (end: () => void, milliseconds: number) => timers.push([end, milliseconds]));
  site.once(signUp, () => new Promise(() => {}));
  const failure = failureOf(createSession(optionsWith()).token());
  // The first is that of the lock.
  await expect.poll(() => timers.length, { interval: 0 }).toBe(2);
  expect(timers[1]?.[1]).toBe(20_000);
  timers[1]?.[0]();
  expect(await failure).toMatchObject({ code: 'network_error', reason: expect.stringMatching(/abort/) });
});

test('null in place of options is no options', async () => {
  const session = createSession(optionsWith());
  const token = await session.token(null as unknown as undefined);
  expect(await session.token()).toBe(token);
});

test('an error that a page makes needs no details', () => {
  const error = new SessionError('No proof today');
  expect([error.code, error.reason, error.status]).toEqual(['network_error', 'No proof today', undefined]);
});
