import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { codes } from '../../src/protocol/codes.ts';
import {
  coldStart,
  FakeSite,
  FakeStorage,
  failureOf,
  json,
  optionsWith,
  origin,
} from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
const signUpUrl = `${origin}/.netlify/identity/signup`;
let site: FakeSite;
beforeEach(() => {
  site = new FakeSite();
  site.install();
});

test('a cold start is four requests in sequence, a warm one is one', async () => {
  const session = createSession(optionsWith());
  await session.fetch(`${origin}/api/hello`);
  expect(site.lines()).toEqual([...coldStart, 'GET /api/hello']);
  await session.fetch(`${origin}/api/hello`);
  expect(site.lines()).toEqual(['GET /api/hello']);
});

test('nothing is sent before the first call', () => {
  createSession(optionsWith());
  expect(site.lines()).toEqual([]);
});

test('each request says what it must', async () => {
  const session = createSession(optionsWith({ audience: 'reports', scope: 'read write' }));
  await session.fetch(`${origin}/api/hello`);
  const [signUp, logIn, exchange, call] = site.calls;
  const { email, password } = JSON.parse(signUp?.body ?? '');
  expect(signUp?.headers.get('content-type')).toBe('application/json');
  expect(email).toMatch(/^\d{20,40}@visitor\.invalid$/);
  expect(password).toMatch(/^\d{20,40}$/);
  expect(logIn?.headers.get('content-type')).toBe('application/x-www-form-urlencoded');
  expect(Object.fromEntries(new URLSearchParams(logIn?.body))).toEqual({
    grant_type: 'password',
    username: email,
    password,
  });
  expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'identity-1',
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    audience: 'reports',
    scope: 'read write',
  });
  expect(call?.headers.get('authorization')).toBe('Bearer access-2');
});

test('two sign-ups share neither e-mail nor password', async () => {
  for (const _ of [1, 2]) await createSession(optionsWith({ emailDomain: 'x.invalid' })).token();
  const [first, second] = site.calls
    .filter((call) => call.line.endsWith('/signup'))
    .map((call) => JSON.parse(call.body));
  expect(first.email).not.toBe(second.email);
  expect(first.password).not.toBe(second.password);
  expect(first.email.endsWith('@x.invalid')).toBe(true);
});

test('many calls at once make one session', async () => {
  const session = createSession(optionsWith());
  const tokens = await Promise.all(Array.from({ length: 20 }, () => session.token()));
  expect(new Set(tokens).size).toBe(1);
  expect(site.lines()).toEqual(coldStart);
});

test('closed registration is named, with the setting and its place', async () => {
  site.always('POST /.netlify/identity/signup', () =>
    json(403, { code: 403, msg: 'Signups not allowed for this instance' }),
  );
  const error = await failureOf(createSession(optionsWith()).token());
  expect(error).toMatchObject({
    code: 'registration_closed',
    reason: 'Signups not allowed for this instance',
    status: 403,
    remedy: 'In Project configuration > Identity > Registration, choose Open.',
  });
  expect(error.message).toContain(error.reason);
  expect(error.message).toContain(error.remedy);
  expect(site.lines()).toEqual(coldStart.slice(0, 1));
});

test('autoconfirm that is off is seen in the answer to the sign-up, without a log-in', async () => {
  site.always('POST /.netlify/identity/signup', () => json(200, { id: 'u', confirmation_sent_at: 'now' }));
  const error = await failureOf(createSession(optionsWith()).token());
  expect(error.code).toBe('autoconfirm_off');
  expect(error.remedy).toContain('Project configuration > Identity > Emails > Confirmation template');
  expect(error.remedy).toContain('Allow users to sign up without verifying their email address');
  expect(error.message).toContain(error.remedy);
  expect(site.lines()).toEqual(coldStart.slice(0, 1));
});

test('autoconfirm that is off is seen in the answer to the log-in', async () => {
  site.always('POST /.netlify/identity/token', () =>
    json(400, { error: 'invalid_grant', error_description: 'Email not confirmed' }),
  );
  const error = await failureOf(createSession(optionsWith()).token());
  expect(error).toMatchObject({ code: 'autoconfirm_off', reason: 'Email not confirmed', status: 400 });
  expect(error.remedy).toContain('Confirmation template');
});

describe('a denied sign-up', () => {
  const denied = { code: 'admission_denied', reason: 'Failed to handle signup webhook', status: 422 };
  beforeEach(() =>
    site.always('POST /.netlify/identity/signup', () => json(422, { code: 422, msg: denied.reason })),
  );

  test('of a page that makes no proofs says how one is made, also while the session waits', async () => {
    const session = createSession(optionsWith());
    for (const _ of [1, 2]) {
      const error = await failureOf(session.token());
      expect(error).toMatchObject(denied);
      expect(error.remedy).toContain('set data-proof or prove');
      expect(error.message).toBe(`Daypass: ${error.reason} (${signUpUrl}). ${error.remedy}`);
    }
    expect(site.lines()).toEqual(coldStart.slice(0, 1));
  });

  test.each(['proof', undefined])(
    'of a page that does is for the site’s log to explain: %s',
    async (proof) => {
      const session = createSession(optionsWith({ prove: async () => proof }));
      const told: unknown[] = [];
      session.on('error', (error) => told.push(error));
      const error = await failureOf(session.token());
      expect(error).toMatchObject({ ...denied, remedy: undefined });
      expect(error.message).toBe(`Daypass: ${error.reason} (${signUpUrl})`);
      expect(told).toEqual([error]);
    },
  );
});

test('a page that makes proofs learns of closed registration all the same', async () => {
  site.always('POST /.netlify/identity/signup', () =>
    json(403, { code: 403, msg: 'Signups not allowed for this instance' }),
  );
  const error = await failureOf(createSession(optionsWith({ prove: async () => 'proof' })).token());
  expect(error.remedy).toContain('Registration');
});

test.each([
  [403, { code: 403, msg: 'Something else' }, 'unexpected_answer', 'Something else'],
  [429, { code: 429, msg: 'Rate limit exceeded' }, 'rate_limited', 'Rate limit exceeded'],
  [504, { code: 504, msg: 'Timed out', error_id: 'x' }, 'unexpected_answer', 'Timed out'],
])('Identity’s own reason is reported: %i', async (status, body, code, reason) => {
  site.always('POST /.netlify/identity/signup', () => json(status, body));
  const error = await failureOf(createSession(optionsWith()).token());
  expect(error).toMatchObject({ code, reason, status, url: signUpUrl, remedy: undefined });
  expect(error.message).toBe(`Daypass: ${reason} (${signUpUrl})`);
  // GoTrue names a request only where the fault is its own.
  expect(error.requestId).toBe((body as { error_id?: string }).error_id);
});

const nothingThere: [string, () => Response, number][] = [
  ['404', () => new Response('404 page not found', { status: 404 }), 404],
  ['a server that takes no POST', () => new Response(null, { status: 405 }), 405],
  ['a server that knows no POST', () => new Response(null, { status: 501 }), 501],
  ['a page', () => new Response('<!doctype html>'), 200],
];

test.each(nothingThere)(
  'where Identity is not enabled, the error names its URL and the setting: %s',
  async (_, answer, status) => {
    site.always('POST /.netlify/identity/signup', answer);
    const error = await failureOf(createSession(optionsWith()).token());
    expect(error).toMatchObject({ code: 'identity_not_found', status, url: signUpUrl });
    expect(error.remedy).toContain('Project configuration > Identity, enable Identity');
    expect(error.remedy).toContain('identityUrl');
    expect(error.message).toContain(`(${signUpUrl}). ${error.remedy}`);
    expect(site.lines()).toEqual(coldStart.slice(0, 1));
  },
);

test.each(nothingThere)(
  'where the broker is not deployed, the error names its URL and the file: %s',
  async (_, answer, status) => {
    site.always('POST /session/token', answer);
    const session = createSession(optionsWith());
    // The second is that of the wait.
    for (const _ of [1, 2]) {
      const error = await failureOf(session.token());
      expect(error).toMatchObject({ code: 'broker_not_found', status, url: `${origin}/session/token` });
      expect(error.remedy).toContain('netlify/functions/session.ts');
      expect(error.remedy).toContain('brokerUrl');
      expect(error.message).toContain(`(${origin}/session/token). ${error.remedy}`);
    }
    expect(site.lines()).toEqual(coldStart);
  },
);

test('the broker’s own 404 is a refusal like others', async () => {
  site.always('POST /session/token', () => json(404, { error: 'x', code: 'not_found' }));
  const error = await failureOf(createSession(optionsWith()).token());
  expect(error).toMatchObject({ code: 'not_found', status: 404, remedy: undefined });
});

test('an error names the request as the site’s log does', async () => {
  site.always('POST /session/token', () => json(500, {}, { 'x-request-id': '01HZX' }));
  const session = createSession(optionsWith());
  for (const _ of [1, 2]) expect(await failureOf(session.token())).toMatchObject({ requestId: '01HZX' });
});

test('a broker’s refusal keeps its code and its reason', async () => {
  for (const code of ['not_throwaway', 'already_exchanged', 'invalid_target'] as const) {
    const { status, description } = codes[code];
    site.once('POST /session/token', () =>
      json(status, { error: 'x', error_description: description, code }),
    );
    const error = await failureOf(createSession(optionsWith()).token());
    expect(error).toMatchObject({ code, reason: description, status });
  }
});

test.each(['signup', 'token'])('no answer to %s is a network error', async (path) => {
  site.always(`POST /.netlify/identity/${path}`, () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await failureOf(createSession(optionsWith()).token())).toMatchObject({
    code: 'network_error',
    reason: 'Failed to fetch',
    status: undefined,
    url: `${origin}/.netlify/identity/${path}`,
    message: `Daypass: Failed to fetch (${origin}/.netlify/identity/${path})`,
  });
});

test('no answer of the broker is a network error', async () => {
  site.always('POST /session/token', () => Promise.reject(new TypeError('Failed to fetch')));
  expect(await failureOf(createSession(optionsWith()).token())).toMatchObject({
    code: 'network_error',
    url: `${origin}/session/token`,
  });
});

test.each(coldStart)('what never answers is given up after 20 seconds: %s', async (line) => {
  const timeout = vi.spyOn(AbortSignal, 'timeout');
  timeout.mockImplementation((milliseconds) => abortAfter(milliseconds / 1000));
  site.always(line, () => new Promise(() => {}));
  expect(await failureOf(createSession(optionsWith()).token())).toMatchObject({ code: 'network_error' });
  expect(new Set(timeout.mock.calls.flat())).toEqual(new Set([20_000]));
  expect(site.lines().at(-1)).toBe(line);
});

/** Stands in for a long timeout. */
function abortAfter(milliseconds: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('signal timed out', 'TimeoutError')), milliseconds);
  return controller.signal;
}

test('no error holds a password, an e-mail, or a token', async () => {
  const storage = new FakeStorage();
  site.once('POST /.netlify/identity/token', () => json(400, { error_description: 'No user found' }));
  site.once('POST /session/token', () => json(400, { code: 'subject_token_rejected' }));
  for (const _ of [1, 2]) {
    const error = await failureOf(createSession(optionsWith({ storage })).token());
    const told = JSON.stringify(error) + error.message + error.stack;
    const { email, password } = JSON.parse(site.calls[0]?.body ?? '');
    for (const secret of [email, password, 'identity-']) expect(told).not.toContain(secret);
    pass(60);
    site.lines();
  }
  expect(storage.items.size).toBe(0);
});
