import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { defineIdentityEvents } from '../../src/identity/defineEvents.ts';
import type { EventPayload } from '../../src/identity/events.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { answerEvent, createWebhook } from '../../src/identity/webhook.ts';
import { now } from '../support/tokens.ts';

const key = 'the key of the webhooks of a gotrue';

async function sign(text: string, options: { key?: string; issuer?: string; at?: number } = {}) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const claims = {
    iss: options.issuer ?? 'gotrue',
    sub: crypto.randomUUID(),
    iat: options.at ?? now,
    sha256,
  };
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(options.key ?? key));
}

function connect(secret: string | undefined = key) {
  const seen: string[] = [];
  const logged: string[] = [];
  const functions = defineIdentityEvents({
    validate: ({ user, deny }) => {
      seen.push(user.email);
      return user.email.startsWith('denied') ? deny() : { roles: ['member'] };
    },
  });
  const webhook = createWebhook(functions, {
    secret: () => secret,
    log: (event, fields) => logged.push(JSON.stringify({ event, ...fields })),
    now: () => now,
  });
  const post = (text: string, headers: Record<string, string>) =>
    webhook(new Request('https://site.example/identity/webhook', { method: 'POST', body: text, headers }));
  return {
    seen,
    logged,
    webhook,
    post,
    send: async (payload: EventPayload) => {
      const text = JSON.stringify(payload);
      return post(text, { 'x-webhook-signature': await sign(text) });
    },
  };
}

test('a signed event reaches its handler, and the change is the reply', async () => {
  const { send, seen } = connect();
  const answer = await send(samplePayloads.validate);
  expect(answer.status).toBe(200);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({
    app_metadata: { provider: 'email', roles: ['member'] },
  });
  // GoTrue reads a reply only where it has a Content-Length, which compression takes away.
  expect(answer.headers.get('content-length')).toBe(String(bytes.length));
  expect(answer.headers.get('cache-control')).toBe('no-store, no-transform');
  expect(seen).toEqual([samplePayloads.validate.user.email]);
});

test('a denial is 401', async () => {
  const { send } = connect();
  const user = { ...samplePayloads.validate.user, email: 'denied@example.com' };
  expect((await send({ ...samplePayloads.validate, user })).status).toBe(401);
});

test.each(['signup', 'login', 'modified', 'deleted'] as const)(
  'an event without a handler (%s) is answered 200, so that members can sign up',
  async (name) => {
    const answer = await connect().send(samplePayloads[name]);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
  },
);

test.each(['modified', 'deleted'] as const)(
  'a denial of what is already committed (%s) is logged',
  async (name) => {
    const logged: [string, unknown][] = [];
    const deny = (event: { deny(): undefined }) => event.deny();
    const answers = [
      { userModified: deny, userDeleted: deny },
      defineIdentityEvents({ modified: deny as never, deleted: deny as never }),
    ].map((functions) =>
      answerEvent(functions, samplePayloads[name], (event, fields) => logged.push([event, fields])),
    );
    const event = samplePayloads[name].event;
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([401, 500]);
    expect(logged).toEqual([
      [
        'event_failed',
        { event, cause: 'denied', problem: expect.stringContaining('cannot deny: GoTrue has committed') },
      ],
      [
        'event_failed',
        {
          event,
          cause: 'ConfigurationError',
          problem: expect.stringContaining('cannot deny: GoTrue has committed'),
        },
      ],
    ]);
  },
);

test('the log names what a handler throws, without its message, which may hold anything', async () => {
  const logged: [string, unknown][] = [];
  const functions = defineIdentityEvents({
    login: () => {
      throw new RangeError('secret words');
    },
  });
  const answer = await answerEvent(functions, samplePayloads.login, (...line) => logged.push(line as never));
  expect(answer.status).toBe(500);
  expect(logged).toEqual([['event_failed', { event: 'login', cause: 'RangeError', problem: undefined }]]);
});

test('the signed body says which event it is, not the header', async () => {
  const { post, seen } = connect();
  const text = JSON.stringify(samplePayloads.login);
  const headers = { 'x-webhook-signature': await sign(text), 'x-netlify-event': 'identity_validate' };
  expect((await post(text, headers)).status).toBe(200);
  expect(seen).toEqual([]);
});

const body = JSON.stringify(samplePayloads.validate);
test.each<[string, string | undefined, () => Promise<Record<string, string>>, RegExp]>([
  ['no signature', key, async () => ({}), /no x-webhook-signature/],
  ['no key here', '', async () => ({ 'x-webhook-signature': await sign(body) }), /IDENTITY_WEBHOOK_SECRET/],
  ['nonsense', key, async () => ({ 'x-webhook-signature': 'nonsense' }), /IDENTITY_WEBHOOK_SECRET/],
  [
    'another key',
    key,
    async () => ({ 'x-webhook-signature': await sign(body, { key: 'another key of some length' }) }),
    /IDENTITY_WEBHOOK_SECRET.*ERR_JWS/,
  ],
  [
    'another issuer',
    key,
    async () => ({ 'x-webhook-signature': await sign(body, { issuer: 'x' }) }),
    /ERR_JWT_CLAIM/,
  ],
  [
    'an old one',
    key,
    async () => ({ 'x-webhook-signature': await sign(body, { at: now - 400 }) }),
    /ERR_JWT_EXPIRED/,
  ],
  [
    'that of another body',
    key,
    async () => ({ 'x-webhook-signature': await sign(`${body} `) }),
    /another body/,
  ],
])('a wrong signature (%s): 401, a log line, no handler', async (_, secret, headers, reason) => {
  const { post, seen, logged } = connect(secret || undefined);
  if (secret === '') {
    const bare = createWebhook(
      {},
      { secret: () => undefined, log: (...line) => logged.push(JSON.stringify(line)), now: () => now },
    );
    const request = new Request('https://site.example/', {
      method: 'POST',
      body,
      headers: await headers(),
    });
    expect((await bare(request)).status).toBe(401);
  } else {
    expect((await post(body, await headers())).status).toBe(401);
  }
  expect(seen).toEqual([]);
  expect(logged).toHaveLength(1);
  expect(logged[0]).toMatch(/webhook_refused/);
  expect(logged[0]).toMatch(reason);
  expect(logged[0]).not.toContain(key);
});

test('a body without a valid signature is not read', async () => {
  let pulls = 0;
  const stream = new ReadableStream({
    pull: (controller) => {
      pulls += 1;
      controller.enqueue(new Uint8Array(65_536));
    },
  });
  const init = { method: 'POST', body: stream, duplex: 'half', headers: { 'x-webhook-signature': 'x' } };
  const request = new Request('https://site.example/', init as RequestInit);
  expect((await connect().webhook(request)).status).toBe(401);
  expect(pulls).toBeLessThan(3);
});

test('a body that is too large is refused', async () => {
  const { post, seen, logged } = connect();
  const headers = { 'x-webhook-signature': await sign(body), 'content-length': String(32 * 2 ** 20 + 1) };
  expect((await post(body, headers)).status).toBe(401);
  expect(seen).toEqual([]);
  expect(logged).toEqual([expect.stringContaining('the body is larger than 33554432 bytes')]);
});

test('only POST', async () => {
  expect((await connect().webhook(new Request('https://site.example/'))).status).toBe(405);
});
