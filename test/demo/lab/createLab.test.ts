import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLab } from '../../../demo/lab/createLab.ts';
import { forgeries } from '../../../demo/lab/forgeToken.ts';
import { createStackControl } from '../../../demo/stack/control.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import type { CallerEnv } from '../../../src/http/context.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { createKeyRing } from '../../../src/token/keys.ts';
import { verifyToken } from '../../../src/token/verify.ts';

const now = 1_800_000_000;
const secret = 'k3v9Qm2LxT7wZ1pR8sYdBn5GfHc0JaUe4VtXoMi6';
const issuer = 'http://localhost:8888';
const uuid = '00000000-0000-4000-8000-000000000000';

let identity: DevIdentityServer;
beforeAll(async () => {
  identity = await startDevIdentity();
});
afterAll(() => identity.close());

function lab(identityUrl = identity.url) {
  return createLab({
    identityUrl,
    operatorToken: identity.operatorToken,
    secret,
    issuer,
    audience: 'api',
    scopes: ['hello'],
    deployContext: 'dev',
    emailDomain: 'visitor.invalid',
    siteUrl: 'http://localhost:8888',
    maintenanceBearer: 'none',
    describeIdentity: async () => ({ kind: 'stand-in', asksEventFunction: true }),
    limits: { state: async () => ({ roundTrips: null, ceiling: null, moments: [] }) },
    stack: createStackControl({ policy: definePolicy(), redis: undefined }),
    log: () => undefined,
    now: () => now,
  });
}

interface Sent {
  method?: string;
  headers?: Record<string, string>;
  address?: string | undefined;
}

async function send(path: string, sent: Sent = {}, app = lab()) {
  const { method = 'GET', headers = {}, address = '127.0.0.1' } = sent;
  const bindings: CallerEnv['Bindings'] = { clientAddress: 'address' in sent ? sent.address : address };
  const response = await app.request(`${issuer}${path}`, { method, headers }, bindings);
  const text = await response.text();
  return { response, status: response.status, body: text === '' ? undefined : JSON.parse(text) };
}

async function signUp(email: string) {
  const body = JSON.stringify({ email, password: 'correct-horse-battery' });
  const response = await identity.fetch(new Request(`${identity.url}/signup`, { method: 'POST', body }));
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: string }).id;
}

async function userOf(identityToken: string) {
  const headers = { authorization: `Bearer ${identityToken}` };
  return (await fetch(`${identity.url}/user`, { headers })).status;
}

test('says that it is there, and lets nobody keep the answer', async () => {
  const { response, status, body } = await send('/dev');
  expect(status).toBe(200);
  expect(body).toEqual({ forgeries: [...forgeries] });
  expect(response.headers.get('cache-control')).toBe('no-store');
});

test.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])(
  'answers the address %s',
  async (address) => {
    expect((await send('/dev', { address })).status).toBe(200);
  },
);

test.each(['192.0.2.1', '::ffff:192.0.2.1', '::2', '2001:db8::1', 'nonsense', '', undefined])(
  'is not there for the address %s, whatever its headers claim',
  async (address) => {
    const headers = { 'x-forwarded-for': '127.0.0.1', 'x-nf-client-connection-ip': '127.0.0.1' };
    const { status, body } = await send('/dev', { address, headers });
    expect(status).toBe(404);
    expect(body.code).toBe('not_found');
  },
);

test.each(['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'])(
  'is not there for what came by way of a proxy, as %s says',
  async (name) => {
    const { status, body } = await send('/dev', { headers: { [name]: '127.0.0.1' } });
    expect(status).toBe(404);
    expect(body.code).toBe('not_found');
  },
);

test.each(['rebound.example:8888', 'localhost.rebound.example', '127.0.0.1.rebound.example', '192.0.2.1'])(
  'is not there under the name %s',
  async (host) => {
    const { status, body } = await send('/dev', { headers: { host } });
    expect(status).toBe(404);
    expect(body.code).toBe('not_found');
  },
);

test.each(['localhost:8888', '127.0.0.1:3000', '[::1]:8888', 'LocalHost'])(
  'answers to the name %s',
  async (host) => {
    expect((await send('/dev', { headers: { host } })).status).toBe(200);
  },
);

test.each<Record<string, string>>([
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { origin: 'http://localhost:3000' },
  { origin: 'https://other.example' },
  { origin: 'null' },
])('refuses a page of another origin: %j', async (headers) => {
  for (const [method, path] of [
    ['GET', '/dev/users'],
    ['POST', '/dev/members'],
  ] as const) {
    const { status, body } = await send(path, { method, headers: { host: 'localhost:8888', ...headers } });
    expect(status).toBe(403);
    expect(body.code).toBe('foreign_origin');
  }
});

test('answers its own page', async () => {
  const headers = { host: 'localhost:8888', origin: issuer, 'sec-fetch-site': 'same-origin' };
  expect((await send('/dev/users', { headers })).status).toBe(200);
});

test.each([
  ['POST', '/dev', 405, 'method_not_allowed'],
  ['HEAD', '/dev/users', 405, undefined],
  ['GET', '/dev/members', 405, 'method_not_allowed'],
  ['GET', `/dev/members/${uuid}`, 405, 'method_not_allowed'],
  ['GET', '/dev/forgeries/honest', 404, 'not_found'],
  ['GET', '/dev/nothing', 404, 'not_found'],
  ['DELETE', '/dev/members/not-a-uuid', 400, 'malformed_request'],
  ['DELETE', '/dev/members/..%2fsettings', 400, 'malformed_request'],
  ['DELETE', `/dev/members/${uuid}`, 404, 'not_found'],
])('%s %s is %i as a problem', async (method, path, expected, code) => {
  const { response, status, body } = await send(path, { method });
  expect(status).toBe(expected);
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  expect(body?.code).toBe(code);
});

test.each([
  ['expired', 'token_expired'],
  ['wrong-secret', 'token_signature'],
  ['alg-none', 'token_malformed'],
  ['another-audience', 'token_audience'],
  ['another-issuer', 'token_issuer'],
])('the forgery %s is refused with %s alone wrong', async (forgery, code) => {
  const { body } = await send(`/dev/forgeries/${forgery}`);
  const keyRing = await createKeyRing({ audience: 'api', secret });
  const options = { keyRing, issuer, deployContexts: ['dev'] as const, now };
  await expect(verifyToken(body.token, options)).rejects.toMatchObject({ code });
});

test('every forgery it names can be had', async () => {
  for (const forgery of forgeries)
    expect((await send(`/dev/forgeries/${forgery}`)).body.token).toMatch(/^ey/);
});

test('counts throwaway users and members over all pages', async () => {
  const before = (await send('/dev/users')).body;
  for (let n = 0; n < 3; n += 1) await signUp(`count-${n}@visitor.invalid`);
  await signUp('count@visitor.invalid.example.com');
  const many = Array.from({ length: 1200 }, (_, n) => signUp(`many-${n}@example.org`));
  await Promise.all(many);
  const { body } = await send('/dev/users');
  expect(body).toEqual({ throwaway: before.throwaway + 3, members: before.members + 1201 });
});

test('makes a member who is logged in, and deletes it again', async () => {
  const made = await send('/dev/members', { method: 'POST' });
  expect(made.status).toBe(201);
  expect(made.body.email).toMatch(/^member-.*@example\.com$/);
  expect(await userOf(made.body.identityToken)).toBe(200);
  expect((await send(`/dev/members/${made.body.id}`, { method: 'DELETE' })).status).toBe(204);
  expect(await userOf(made.body.identityToken)).toBe(404);
  expect((await send(`/dev/members/${made.body.id}`, { method: 'DELETE' })).status).toBe(404);
});

test.each(['ada@example.com', 'member-ada@example.com', 'x@visitor.invalid'])(
  'deletes nobody whom it did not make: %s',
  async (email) => {
    const id = await signUp(email);
    const { status, body } = await send(`/dev/members/${id}`, { method: 'DELETE' });
    expect(status).toBe(404);
    expect(body.code).toBe('not_found');
    expect(await userOf(await identity.signAccessToken(id))).toBe(200);
  },
);

test('a member that cannot log in is not left behind', async () => {
  const before = (await send('/dev/users')).body;
  identity.faults.answer = { '/token': 500 };
  try {
    const { status, body } = await send('/dev/members', { method: 'POST' });
    expect(status).toBe(503);
    expect(body.code).toBe('identity_unavailable');
  } finally {
    identity.faults.answer = {};
  }
  expect((await send('/dev/users')).body).toEqual(before);
});

test('says so when Identity is away', async () => {
  const { status, body } = await send('/dev/users', {}, lab('http://127.0.0.1:1'));
  expect(status).toBe(503);
  expect(body.code).toBe('identity_unavailable');
});
