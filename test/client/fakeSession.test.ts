import { afterEach, expect, test } from 'vitest';
import { SessionError } from '../../client/errors.ts';
import { createFakeSession, type FakeSession } from '../../client/fakeSession.ts';
import type { Session } from '../../client/session.ts';

const opened: FakeSession[] = [];
function open(...options: Parameters<typeof createFakeSession>): FakeSession {
  const session = createFakeSession(...options);
  opened.push(session);
  return session;
}
afterEach(() => {
  for (const session of opened.splice(0)) session.detach();
});

/** The events that a session tells from now on. */
function listen(session: Session): [string, unknown][] {
  const told: [string, unknown][] = [];
  for (const event of ['obtained', 'renewed', 'ended', 'error', 'refused', 'proof'] as const) {
    session.on(event, (detail) => told.push([event, detail]));
  }
  return told;
}

/** What a page does, as it stands in its own code. */
const greet = async ({ fetch }: Session) => (await fetch('/api/hello', { method: 'POST' })).json();

test('answers a call of the page, and keeps its request, which carries the token', async () => {
  const session = open({ fetch: () => Response.json({ message: 'Hello' }) });
  expect(await greet(session)).toEqual({ message: 'Hello' });
  const [request] = session.requests;
  expect([request?.method, request?.url]).toEqual(['POST', 'https://page.example/api/hello']);
  expect(request?.headers.get('authorization')).toBe('Bearer fake-token-1');
  expect(session.calls.map(({ name }) => name)).toEqual(['fetch']);
});

test('the header of the session carries the token, next to what the page sends itself', async () => {
  const session = open({ header: 'X-Daypass' });
  await session.fetch('/x', { headers: { authorization: 'Basic x' } });
  const { headers } = session.requests[0] as Request;
  expect([headers.get('x-daypass'), headers.get('authorization')]).toEqual(['fake-token-1', 'Basic x']);
  expect(() => open({ header: 'Cookie' as 'X-Daypass' })).toThrow(/header must be/);
  expect(() => open({ header: ['X-Daypass'] as never })).toThrow(/header must be/);
});

test('the request can be read by its answer and by the test', async () => {
  const session = open({ fetch: async (request) => new Response(await request.text()) });
  const answer = await session.fetch(new Request('https://api.example/x', { method: 'POST', body: 'a' }));
  expect(await answer.text()).toBe('a');
  expect(await session.requests[0]?.text()).toBe('a');
  expect(await (await open().fetch('/x')).json()).toEqual({});
});

test('has a token, the next one when it is asked for, and another session after its end', async () => {
  const session = open();
  const told = listen(session);
  await session.revoke();
  const { token, revoke } = session;
  expect(await token()).toBe('fake-token-1');
  expect(await token({})).toBe('fake-token-1');
  expect(await token({ renew: true })).toBe('fake-token-2');
  await revoke();
  expect(await token()).toBe('fake-token-3');
  expect(told).toEqual([
    ['obtained', expect.objectContaining({ access_token: 'fake-token-1', token_type: 'Bearer' })],
    ['renewed', expect.objectContaining({ access_token: 'fake-token-2' })],
    ['ended', { reason: 'revoked' }],
    ['obtained', expect.objectContaining({ access_token: 'fake-token-3' })],
  ]);
  expect(session.calls.filter(({ name }) => name !== 'on')).toEqual([
    { name: 'revoke' },
    { name: 'token', renew: false },
    { name: 'token', renew: false },
    { name: 'token', renew: true },
    { name: 'revoke' },
    { name: 'token', renew: false },
  ]);
});

test('fails with a code on request, until that is undone', async () => {
  const session = open();
  const told = listen(session);
  session.failWith('rate_limited', { status: 429, reason: 'too many', retryAfterSeconds: 30 });
  const error = await greet(session).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SessionError);
  expect(error).toMatchObject({
    code: 'rate_limited',
    status: 429,
    retryAfterSeconds: 30,
    reason: 'too many',
  });
  await expect(session.token()).rejects.toMatchObject({ code: 'rate_limited' });
  await expect(session.revoke()).rejects.toMatchObject({ code: 'rate_limited' });
  expect(told.map(([event]) => event)).toEqual(['error', 'error']);
  expect(session.requests).toHaveLength(1);
  session.failWith('identity_not_found');
  await expect(session.token()).rejects.toMatchObject({ remedy: expect.stringContaining('enable Identity') });
  session.failWith(undefined);
  expect(await greet(session)).toEqual({});
});

test('emits the events that a test makes, and stops on request', async () => {
  const session = open();
  const reasons: string[] = [];
  const stop = session.on('ended', ({ reason }) => reasons.push(reason));
  session.emit('ended', { reason: 'expired' });
  await Promise.resolve();
  stop();
  session.emit('ended', { reason: 'refused' });
  await Promise.resolve();
  expect(reasons).toEqual(['expired']);
});

test('attach covers fetch only under the prefixes, and detach gives the page its own back', async () => {
  const own = globalThis.fetch;
  const passed: string[] = [];
  const pages = async (input: RequestInfo | URL) => {
    passed.push(String(input));
    return new Response('the page');
  };
  globalThis.fetch = pages;
  try {
    const session = open({ fetch: () => new Response('the session'), baseUrl: 'https://shop.example/a/' });
    session.attach(['/api/', 'https://api.example/v1']);
    const textOf = async (input: string, init?: RequestInit) => (await fetch(input, init)).text();
    expect(await textOf('/api/hello?x=1')).toBe('the session');
    expect(await textOf('https://api.example/v1')).toBe('the session');
    expect(await textOf('/apiary')).toBe('the page');
    expect(await textOf('https://api.example/v10')).toBe('the page');
    expect(await textOf('/api/hello', { headers: { authorization: 'Basic x' } })).toBe('the page');
    expect(await textOf('/api/hello', { headers: { 'x-daypass': 'x' } })).toBe('the page');
    expect(session.requests.map(({ url }) => url)).toEqual([
      'https://shop.example/api/hello?x=1',
      'https://api.example/v1',
    ]);
    session.detach();
    expect(globalThis.fetch).toBe(pages);
    expect(passed).toHaveLength(4);
  } finally {
    globalThis.fetch = own;
  }
});

test('takes no mode that carries no token', async () => {
  await expect(open().fetch('/x', { mode: 'no-cors' })).rejects.toThrow(/no-cors carries no token/);
});
