import { expect, test } from 'vitest';
import { receiveEvent } from '../../../dev/events/receive.ts';
import { defineIdentityEvents } from '../../../src/identity/defineEvents.ts';
import type { IdentityEventHandlers } from '../../../src/identity/events.ts';
import { samplePayloads } from '../../../src/identity/samplePayloads.ts';

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

test('an event that the function has no handler for is answered, so that nobody is kept out', async () => {
  const request = event({ 'x-netlify-event': 'identity_login' });
  expect((await receive(() => undefined, request)).status).toBe(200);
});
