import { beforeEach, expect, test, vi } from 'vitest';
import { createSession, type Prove, SessionError } from '../../client/index.ts';
import { FakeSite, failureOf, json, optionsWith, origin } from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});

/** The JSON of each sign-up. */
function signUps(): Record<string, unknown>[] {
  return site.calls.filter(({ line }) => line.endsWith('/signup')).map(({ body }) => JSON.parse(body));
}

test('without prove a sign-up is e-mail and password, nothing else', async () => {
  await createSession(optionsWith()).token();
  expect(signUps().map(Object.keys)).toEqual([['email', 'password']]);
});

test('a site that asks for no proof gets none', async () => {
  await createSession(optionsWith({ prove: async () => undefined })).token();
  expect(signUps().map(Object.keys)).toEqual([['email', 'password']]);
});

test('the proof is made before the sign-up, and goes with it as user metadata', async () => {
  const prove = vi.fn<Prove>(async () => `proof after ${site.calls.length} requests`);
  await createSession(optionsWith({ brokerUrl: `${origin}/session/`, prove })).token();
  expect(signUps()[0]?.data).toEqual({ daypass_proof: 'proof after 0 requests' });
  expect(prove.mock.calls[0]?.[0].brokerUrl).toBe(`${origin}/session`);
});

test('one proof serves one sign-up: a failed one has burnt it, a renewal needs none', async () => {
  let made = 0;
  const session = createSession(optionsWith({ prove: async () => `proof ${++made}` }));
  site.once('POST /.netlify/identity/signup', () => json(500, {}));
  site.once('POST /session/token', () => json(503, {}));
  for (const _ of [1, 2]) {
    await failureOf(session.token());
    pass(60);
  }
  await session.token();
  await session.token({ renew: true });
  expect(signUps().map(({ data }) => data)).toEqual([
    { daypass_proof: 'proof 1' },
    { daypass_proof: 'proof 2' },
    { daypass_proof: 'proof 3' },
  ]);
  expect(made).toBe(3);
});

test('many calls at once make one proof', async () => {
  const prove = vi.fn<Prove>(async () => 'proof');
  const session = createSession(optionsWith({ prove }));
  await Promise.all(Array.from({ length: 20 }, () => session.token()));
  expect(prove).toHaveBeenCalledTimes(1);
});

test('progress is emitted as the event proof', async () => {
  const session = createSession(
    optionsWith({
      prove: async ({ report }) => {
        report({ fraction: 0.5 });
        report({ fraction: 1, milliseconds: 12 });
        return 'proof';
      },
    }),
  );
  const told: unknown[] = [];
  session.on('proof', (progress) => told.push(progress));
  await session.token();
  expect(told).toEqual([{ fraction: 0.5 }, { fraction: 1, milliseconds: 12 }]);
});

test.each([
  ['rejects', async () => Promise.reject(new DOMException('no solver', 'AbortError'))],
  [
    'throws',
    () => {
      throw new TypeError('no solver');
    },
  ],
] satisfies [string, Prove][])(
  'a prove that %s is a SessionError with back-off, and there is no sign-up',
  async (_, prove) => {
    const session = createSession(optionsWith({ prove }));
    const errors: SessionError[] = [];
    session.on('error', (error) => errors.push(error));
    for (const _ of [1, 2]) {
      expect(await failureOf(session.token())).toMatchObject({
        code: 'proof_failed',
        reason: 'no solver',
        status: undefined,
        retryAfterSeconds: 1,
      });
    }
    // The second call was made while the session waited.
    expect(errors).toHaveLength(1);
    expect(site.lines()).toEqual([]);
  },
);

test('a SessionError of prove keeps its code, also when its class is that of another file', async () => {
  const foreign = Object.assign(new Error('slow down'), {
    name: 'SessionError',
    code: 'rate_limited',
    reason: 'slow down',
    status: 429,
    retryAfterSeconds: 40,
  });
  const session = createSession(optionsWith({ prove: () => Promise.reject(foreign) }));
  const error = await failureOf(session.token());
  expect(error).toBeInstanceOf(SessionError);
  expect(error).toMatchObject({
    code: 'rate_limited',
    reason: 'slow down',
    status: 429,
    retryAfterSeconds: 40,
  });
});
