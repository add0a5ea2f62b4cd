import { expect, test } from 'vitest';
import { receiveEvent } from '../../../src/dev/events/receive.ts';
import { receiveSignedEvent } from '../../../src/dev/events/receiveSigned.ts';
import { signEvent } from '../../../src/dev/identity/signEvent.ts';
import { defineIdentityEvents } from '../../../src/identity/events/define.ts';
import type { IdentityEventHandlers } from '../../../src/identity/events/handlers.ts';
import { samplePayloads } from '../../../src/identity/events/samples.ts';

const body = JSON.stringify(samplePayloads.validate);

function event(headers: Record<string, string> = { 'x-netlify-event': 'identity_validate' }): Request {
  return new Request('http://localhost/.netlify/functions/identity', { method: 'POST', body, headers });
}

function receive(validate: Required<IdentityEventHandlers>['validate'], request = event()) {
  return receiveEvent(defineIdentityEvents({ validate }), request, () => undefined);
}

// What Netlify's own bootstrap answers stands in test/dev/events/functions.test.ts.
test('a change is the reply, in the words of GoTrue', async () => {
  const answer = await receive(() => ({ roles: ['member'], userMetadata: { proof: null } }));
  expect(await answer.json()).toMatchObject({
    id: samplePayloads.validate.user.id,
    app_metadata: { provider: 'email', roles: ['member'] },
    user_metadata: { full_name: 'No One' },
  });
});

test('nothing to change is an empty 200, a denial 401, an error 500', async () => {
  const nothing = await receive(() => undefined);
  expect([nothing.status, await nothing.text()]).toEqual([200, '']);
  expect((await receive(({ deny }) => deny())).status).toBe(401);
  const thrown = await receive(() => {
    throw new Error('secret');
  });
  expect([thrown.status, await thrown.text()]).toEqual([500, '']);
});

test('an event that the function has no handler for is not found', async () => {
  const request = event({ 'x-netlify-event': 'identity_login' });
  expect((await receive(() => undefined, request)).status).toBe(404);
});

test('from elsewhere, only what Identity has signed is an event', async () => {
  const secret = 'a key of this test';
  const signer = {
    settings: { instanceId: '00000000-0000-0000-0000-000000000000', webhookSecret: secret },
    clock: { seconds: () => Math.floor(Date.now() / 1000) },
  };
  const signature = await signEvent(signer, body);
  const passed: string[] = [];
  const send = async (headers: Record<string, string>, key: string | undefined, text = body) => {
    const request = new Request('http://localhost/', { method: 'POST', body: text, headers });
    const receive = async (event: Request) => {
      passed.push(await event.text());
      return new Response(null);
    };
    return (await receiveSignedEvent(request, key, receive)).status;
  };
  expect(await send({ 'x-webhook-signature': signature }, secret)).toBe(200);
  expect(passed).toEqual([body]);
  expect(await send({ 'x-webhook-signature': signature }, secret, `${body} `)).toBe(401);
  expect(await send({ 'x-webhook-signature': signature }, 'another key')).toBe(401);
  expect(await send({ 'x-webhook-signature': signature }, undefined)).toBe(401);
  expect(await send({}, secret)).toBe(401);
  expect(passed).toHaveLength(1);
});
