import GoTrue from 'gotrue-js';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { listen } from '../../dev/listen.ts';
import { createGuard, createGuardLimiters, type Guard } from '../../src/guard/guard.ts';
import { createGuardApp } from '../../src/http/guardApp.ts';
import { createLocalLimiters } from '../../src/limits/localLimiter.ts';
import type { RequestBodies } from '../../src/limits/requestBodies.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { errorPage } from '../../src/protocol/codes.ts';
import { identityPath } from '../../src/protocol/wire.ts';
import { formOf, type GuardStack, signUpOf, startGuardStack } from '../support/guardStack.ts';
import { issuer } from '../support/tokens.ts';

/** The start of an hour. */
const windowStart = 1_800_000_000_000;
const rule = { limit: 20, windowSeconds: 3600, algorithm: 'fixed-window' } as const;

let stack: GuardStack;
beforeAll(async () => {
  stack = await startGuardStack({ policy: { limits: { signup: rule, login: rule } } });
});
afterAll(() => stack.close());
beforeEach(() => {
  // The client's own timers must run: only the clock stands still.
  vi.useFakeTimers({ toFake: ['Date'], now: windowStart + 3_000_000 });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Every call from an address of its own, but where the limit is what is tested. */
let callers = 0;
function nextAddress(): string {
  callers += 1;
  return `198.51.${callers >> 8}.${callers & 255}`;
}

/** All that a caller sees of an answer. */
async function seen(answer: Response) {
  const { status, statusText } = answer;
  const body = new Uint8Array(await answer.arrayBuffer());
  return { status, statusText, headers: [...answer.headers], body };
}

/** Sends a request through the guard, and proves that neither it nor the answer was touched. */
async function through(path: string, init: RequestInit = {}): Promise<Response> {
  const sent = new Request(issuer + identityPath + path, init);
  const body = new Uint8Array(await sent.clone().arrayBuffer());
  const before = stack.passed.length;
  const answer = await stack.app.request(sent, undefined, { clientAddress: nextAddress() });
  expect(stack.passed.length).toBe(before + 1);
  const passed = stack.passed[before] as (typeof stack.passed)[number];
  expect(passed.request).toBe(sent);
  expect(passed.body).toEqual(body);
  expect(await seen(answer.clone())).toEqual(await seen(passed.answer));
  return answer;
}

test('everything a member does goes through untouched, there and back', async () => {
  const { identity } = stack;
  const origin = { origin: 'https://elsewhere.example' };
  const signUp = signUpOf('member@x.example', { full_name: 'Ümit \ud83d\ude00', address: 'x'.repeat(9000) });
  const statuses: Record<string, number> = {};
  const send = async (what: string, path: string, init?: RequestInit) => {
    const answer = await through(path, init);
    statuses[what] = answer.status;
    return answer;
  };
  await send('settings', '/settings', { headers: origin });
  await send('preflight', '/signup', {
    method: 'OPTIONS',
    headers: {
      ...origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-jwt-aud',
    },
  });
  await send('sign-up', '/signup', signUp);
  await send('sign-up again', '/signup', signUp);
  await send('sign-up without a password', '/signup', { method: 'POST', body: '{"email":"a@x.example"}' });
  await send('sign-up that is no JSON', '/signup', { method: 'POST', body: new Uint8Array([0xff, 0xfe, 0]) });
  await send('sign-up without a body', '/signup', { method: 'POST' });
  const grant = { grant_type: 'password', username: 'member@x.example' };
  await send('wrong password', '/token', formOf({ ...grant, password: 'wrong' }));
  await send('no grant', '/token', { method: 'POST' });
  const logIn = await send('log-in', '/token', formOf({ ...grant, password: 'correct-horse-battery' }));
  const tokens = (await logIn.json()) as { access_token: string; refresh_token: string };
  const refresh = formOf({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  await send('refresh', '/token', refresh);
  await send('refresh again', '/token', refresh);
  const authorization = `Bearer ${tokens.access_token}`;
  await send('user', '/user', { headers: { authorization, ...origin } });
  await send('update', '/user', {
    method: 'PUT',
    headers: { authorization },
    body: JSON.stringify({ data: { picture: 'x'.repeat(30_000) } }),
  });
  await send('recover', '/recover', { method: 'POST', body: '{"email":"nobody@x.example"}' });
  await send('logout', '/logout', { method: 'POST', headers: { authorization } });
  await send('user without a token', '/user');
  await send('unknown address', '/nothing/here?a=%2f..%2f');
  await send('wrong method', '/token');
  await send('head', '/nothing', { method: 'HEAD' });
  const id = identity.users.list().find((user) => user.email === 'member@x.example')?.id;
  const operator = { authorization: `Bearer ${identity.operatorToken}`, 'x-jwt-aud': '' };
  await send('list', '/admin/users?page=1', { headers: operator });
  await send('list of an audience', '/admin/users', { headers: { ...operator, 'x-jwt-aud': 'other' } });
  await send('delete', `/admin/users/${id}`, { method: 'DELETE', headers: operator });
  expect(statuses).toEqual({
    settings: 200,
    preflight: 204,
    'sign-up': 200,
    'sign-up again': 400,
    'sign-up without a password': 422,
    'sign-up that is no JSON': 400,
    'sign-up without a body': 400,
    'wrong password': 400,
    'no grant': 400,
    'log-in': 200,
    refresh: 200,
    'refresh again': 400,
    user: 200,
    update: 200,
    recover: 200,
    logout: 204,
    'user without a token': 401,
    'unknown address': 404,
    'wrong method': 405,
    head: 404,
    list: 200,
    'list of an audience': 200,
    delete: 200,
  });
});

test('what goes wrong in Identity is no affair of the guard', async () => {
  const down = createGuardApp(
    async () => undefined,
    () => Promise.reject(new Error('Identity is gone')),
    () => undefined,
  );
  await expect(async () => down.request(`${issuer}${identityPath}/user`)).rejects.toThrow('Identity is gone');
});

test('a fault of our own keeps no member out: the request goes on to Identity as it came, and the fault is logged', async () => {
  const logged: string[] = [];
  const faulty: Guard = () => Promise.reject(new TypeError('a fault of the guard'));
  const app = createGuardApp(faulty, stack.next, (event, fields) =>
    logged.push(JSON.stringify({ event, ...fields })),
  );
  const before = stack.passed.length;
  const signUp = signUpOf('fault@x.example');
  const answer = await app.request(`${issuer}${identityPath}/signup`, signUp, {
    clientAddress: nextAddress(),
  });
  expect(answer.status).toBe(200);
  expect(stack.passed.length).toBe(before + 1);
  expect(new TextDecoder().decode(stack.passed[before]?.body)).toBe(signUp.body);
  expect(logged).toEqual([
    expect.stringMatching(
      /^{"event":"internal_error","cause":"TypeError: a fault of the guard","route":"\/signup","requestId":"[0-9a-f-]{36}"}$/,
    ),
  ]);
});

test('a fault while the body is measured leaves it whole for Identity', async () => {
  const guardLimiters = createGuardLimiters(
    createLocalLimiters(() => Date.now()),
    definePolicy(),
  );
  const bodies = { open: () => ({ measure: () => Promise.reject(new TypeError('a fault')), close() {} }) };
  const app = createGuardApp(
    createGuard({
      hashIdentifier: async (identifier) => identifier,
      limiters: guardLimiters,
      localLimiters: guardLimiters,
      circuit: { run: (call) => call() },
      bodies: bodies as unknown as RequestBodies,
      membersDenied: false,
      audience: '',
      log: () => undefined,
    }),
    stack.next,
    () => undefined,
  );
  const signUp = signUpOf('measure@x.example');
  const answer = await app.request(`${issuer}${identityPath}/signup`, signUp, {
    clientAddress: nextAddress(),
  });
  expect(answer.status).toBe(200);
  expect(new TextDecoder().decode(stack.passed.at(-1)?.body)).toBe(signUp.body);
});

/** A refusal, and proof that Identity never heard of it. */
async function refused(path: string, init: RequestInit, address = nextAddress()): Promise<Response> {
  const before = stack.passed.length;
  const answer = await stack.request(path, init, address);
  expect(stack.passed.length).toBe(before);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(answer.headers.get('content-type')).toBe('application/json');
  return answer;
}

const large = 'x'.repeat(32_769);
const foreign = { 'x-jwt-aud': 'other' };

test.each([
  ['/signup', { method: 'POST', headers: foreign }, 403, 'audience_refused'],
  ['/user', { headers: foreign }, 403, 'audience_refused'],
  ['/signup', { method: 'POST', body: large }, 400, 'body_too_large'],
  ['/user%2f..%2fsignup', { method: 'POST' }, 400, 'path_refused'],
] as const)('%s speaks as GoTrue does (%#)', async (path, init, status, code) => {
  const answer = await refused(path, init);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({
    code: status,
    msg: expect.any(String),
    error_code: code,
    error_id: answer.headers.get('x-request-id'),
  });
});

test.each([
  ['/token', { method: 'POST', headers: foreign }, 403, 'audience_refused'],
  ['/Token/', { headers: foreign }, 403, 'audience_refused'],
  ['/token', { method: 'POST', body: large }, 400, 'body_too_large'],
] as const)('%s speaks OAuth (%#)', async (path, init, status, code) => {
  const answer = await refused(path, init);
  expect(answer.status).toBe(status);
  expect(await answer.json()).toEqual({
    error: 'invalid_request',
    // RFC 6749 §5.2: these characters alone.
    error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    error_uri: errorPage(code),
    code,
    error_id: answer.headers.get('x-request-id'),
  });
});

test('over the limit: when to come back, readable for pages that Identity serves', async () => {
  const address = nextAddress();
  const headers = { origin: 'https://elsewhere.example' };
  for (const path of ['/signup', '/token']) {
    const init = { method: 'POST', headers };
    for (let calls = 0; calls < 20; calls += 1) await stack.request(path, init, address);
    const answer = await refused(path, init, address);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('600');
    const name = path === '/token' ? 'login' : 'signup';
    expect(answer.headers.get('ratelimit-policy')).toBe(`"${name}";q=20;w=3600`);
    expect(answer.headers.get('ratelimit')).toBe(`"${name}";r=0;t=600`);
    expect(answer.headers.get('vary')).toBe('Origin');
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    expect(answer.headers.get('access-control-allow-credentials')).toBe('true');
    expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
  }
  const plain = await refused('/signup', { method: 'POST' }, address);
  expect(plain.headers.get('vary')).toBe('Origin');
  expect([...plain.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  expect((await through('/settings')).status).toBe(200);
});

test('gotrue-js gives its caller the reason', async () => {
  const address = nextAddress();
  vi.stubGlobal('fetch', (url: string, init: RequestInit) =>
    stack.app.request(url, init, { clientAddress: address }),
  );
  const init = { method: 'POST' };
  for (const path of ['/signup', '/token']) {
    for (let calls = 0; calls < 20; calls += 1) await stack.request(path, init, address);
  }
  const auth = new GoTrue({ APIUrl: issuer + identityPath });
  await expect(auth.signup('a@x.example', 'secret')).rejects.toThrow(/^Too many requests/);
  await expect(auth.login('a@x.example', 'secret')).rejects.toThrow('Too many requests');
  const other = new GoTrue({ APIUrl: issuer + identityPath, audience: 'other' });
  await expect(other.signup('a@x.example', 'secret')).rejects.toThrow(/^X-JWT-AUD is not allowed/);
});

test('over HTTP: a body in chunks, one without an end in sight, and one whose length lies', async () => {
  const server = await listen((request) => stack.app.fetch(request, { clientAddress: nextAddress() }));
  const url = `${server.url}${identityPath}/signup`;
  const stream = (chunks: number) => {
    let sent = 0;
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent === chunks) controller.close();
        else controller.enqueue(new Uint8Array(8192).fill(0x20));
        sent += 1;
      },
    });
  };
  const post = (body: NonNullable<RequestInit['body']>) =>
    fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
  try {
    const small = await post(stream(4));
    expect([small.status, await small.json()]).toEqual([
      400,
      { code: 400, msg: expect.stringContaining('EOF') },
    ]);
    expect(stack.passed.at(-1)?.body).toHaveLength(32_768);
    const before = stack.passed.length;
    for (const body of [stream(5), stream(2000), new Uint8Array(10_000_000)]) {
      const answer = await post(body);
      expect(await answer.json()).toMatchObject({ error_code: 'body_too_large' });
    }
    expect(stack.passed.length).toBe(before);
  } finally {
    await server.close();
  }
});

test('the log names refusals, and no caller', async () => {
  stack.logged.length = 0;
  await refused('/signup', { ...signUpOf('marker@x.example'), headers: foreign }, '203.0.113.99');
  expect(stack.logged).toEqual([
    expect.stringMatching(
      /^{"event":"refused","code":"audience_refused","status":\d+,"route":"\/signup","requestId":"[0-9a-f-]{36}"}$/,
    ),
  ]);
});
