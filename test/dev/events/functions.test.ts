import { fileURLToPath } from 'node:url';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { signEvent } from '../../../dev/identity/events.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import type { User as Row } from '../../../dev/identity/users.ts';
import { samplePayloads } from '../../../src/identity/samplePayloads.ts';
import { toUser, type UserRecord } from '../../../src/identity/user.ts';
import { type NetlifyEmulator, startNetlifyEmulator } from '../../harness/netlify/start.ts';

// The kit's event functions under Netlify's own bootstrap, called by the dev identity as GoTrue does.

const origin = 'http://localhost:8888';
const password = 'correct-horse-battery';
let identity: DevIdentityServer;
let emulator: NetlifyEmulator;
let hasContext = true;
const calls: string[] = [];

beforeAll(async () => {
  identity = await startDevIdentity({
    // The emulator starts a worker for each call, which takes long on a busy machine.
    eventTimeoutSeconds: 20,
    events: {
      target: (request) => {
        calls.push(request.headers.get('x-netlify-event') ?? '');
        return emulator.dispatchEvent(request);
      },
    },
  });
  emulator = await startNetlifyEmulator({
    projectRoot: fileURLToPath(new URL('fixtures/site', import.meta.url)),
    origin,
    environment: { IDENTITY_URL: identity.url, IDENTITY_WEBHOOK_SECRET: identity.webhookSecret },
    identityContext: () =>
      hasContext ? { url: 'https://elsewhere.example', token: identity.operatorToken } : undefined,
  });
});
afterAll(async () => {
  await emulator.close();
  await identity.close();
});
beforeEach(() => {
  calls.length = 0;
});

async function post(path: string, body: string, contentType = 'application/json') {
  const headers = { 'content-type': contentType };
  const response = await fetch(identity.url + path, { method: 'POST', headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function signUp(email: string) {
  return post('/signup', JSON.stringify({ email, password, data: { proof: 'abc', full_name: 'Ada' } }));
}

async function logIn(email: string) {
  const form = new URLSearchParams({ grant_type: 'password', username: email, password });
  return post('/token', String(form), 'application/x-www-form-urlencoded');
}

async function asOperator(method: string, id: string, body?: object) {
  const response = await fetch(`${identity.url}/admin/users/${id}`, {
    method,
    headers: { authorization: `Bearer ${identity.operatorToken}` },
    body: body ? JSON.stringify(body) : null,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function rowOf(email: string): Row | undefined {
  return identity.users.list().find((row) => row.email === email);
}

test('a sign-up: validate gives the role, signup sees it and keeps it, and the provider stays', async () => {
  expect((await signUp('ada@x.example')).status).toBe(200);
  expect(calls).toEqual(['identity_validate', 'identity_signup']);
  expect(rowOf('ada@x.example')).toMatchObject({
    appMetadata: { provider: 'email', roles: ['member'] },
    userMetadata: { full_name: 'Ada', roles_at_signup: ['member'] },
  });
  expect(rowOf('ada@x.example')?.userMetadata).not.toHaveProperty('proof');
});

test('a denial costs three calls, answers 422, and leaves no row', async () => {
  const { status, body } = await signUp('denied@x.example');
  expect([status, body.msg]).toEqual([422, 'Failed to handle signup webhook']);
  expect(calls).toEqual(Array(3).fill('identity_validate'));
  expect(rowOf('denied@x.example')).toBeUndefined();
});

test('a log-in: what the handler sets is in the token that it issues', async () => {
  await signUp('bea@x.example');
  calls.length = 0;
  for (const logins of [1, 2]) {
    const { body } = await logIn('bea@x.example');
    const { app_metadata } = decodeJwt(String(body.access_token));
    expect(app_metadata).toEqual({ provider: 'email', roles: ['member'], logins });
  }
  expect(calls).toEqual(['identity_login', 'identity_login']);
});

test('an operator changes a user: the handler sees it as it will be, in the shape that toUser gives', async () => {
  const { id } = identity.users.plant({
    email: 'cy@x.example',
    userMetadata: { name: 'Cy', avatar_url: '/cy' },
  });
  const { status, body } = await asOperator('PUT', id, { app_metadata: { roles: ['editor'] } });
  expect([status, calls]).toEqual([200, ['identity_usermodified']]);
  const record = body as unknown as UserRecord;
  const { seen, ...appMetadata } = record.app_metadata ?? {};
  expect(appMetadata).toEqual({ provider: 'email', roles: ['editor'] });
  expect(body.user_metadata).toEqual({ name: 'Cy', avatar_url: '/cy' });
  const expected = toUser({ ...record, app_metadata: appMetadata });
  expect(seen).toEqual({ ...expected, updatedAt: expect.any(String) });
});

test('an operator deletes a user: a handler that throws is called again, and keeps nobody', async () => {
  const gone = identity.users.plant({ email: 'gone@x.example' });
  const pillar = identity.users.plant({
    email: 'pillar@x.example',
    appMetadata: { provider: 'email', roles: ['pillar'] },
  });
  expect((await asOperator('DELETE', gone.id)).status).toBe(200);
  expect(calls).toEqual(['identity_userdeleted']);
  expect((await asOperator('DELETE', pillar.id)).status).toBe(200);
  expect(calls).toHaveLength(4);
  expect([rowOf('gone@x.example'), rowOf('pillar@x.example')]).toEqual([undefined, undefined]);
});

test('the webhook of one’s own GoTrue believes its signature alone, whatever X-Netlify-Event says', async () => {
  const body = JSON.stringify(samplePayloads.validate);
  const clock = { seconds: () => Math.floor(Date.now() / 1000) };
  const settings = { instanceId: samplePayloads.validate.instance_id, webhookSecret: identity.webhookSecret };
  const post = (headers: Record<string, string>) =>
    emulator.handle(
      new Request(`${origin}/identity/webhook`, {
        method: 'POST',
        headers: { 'x-netlify-event': 'identity_validate', ...headers },
        body,
      }),
      '203.0.113.9',
    );
  expect((await post({})).status).toBe(401);
  const answer = await post({ 'x-webhook-signature': await signEvent({ settings, clock }, body) });
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ app_metadata: { provider: 'email', roles: ['member'] } });
});

test('an admin call finds the context of its own invocation, and believes its token alone', async () => {
  const call = async () => (await emulator.handle(new Request(`${origin}/roster`), '203.0.113.9')).json();
  expect((await call()).toSorted()).toEqual(
    identity.users
      .list()
      .map((row) => row.email)
      .toSorted(),
  );
  hasContext = false;
  expect(await call()).toEqual({ code: 'identity_context_missing' });
});
