import { expect, test } from 'vitest';
import type { EventOptions } from '../../../dev/identity/options.ts';
import { createDevIdentity, startDevIdentity } from '../../../dev/identity/start.ts';

async function signUp(events: EventOptions, options = {}) {
  const identity = createDevIdentity({ events, ...options });
  const body = JSON.stringify({ email: 'a@visitor.invalid', password: 'correct-horse-battery' });
  const response = await identity.fetch(new Request('http://localhost/signup', { method: 'POST', body }));
  return { identity, response, body: (await response.json()) as Record<string, unknown> };
}

test('calls a function of the same process, as the platform calls an event function', async () => {
  const urls: string[] = [];
  const { body } = await signUp({
    target: async (request) => {
      urls.push(`${request.method} ${new URL(request.url).pathname}`);
      return Response.json({ app_metadata: { provider: 'email', roles: ['anonymous'] } });
    },
  });
  expect(urls).toEqual(Array(2).fill('POST /.netlify/functions/identity'));
  expect(body.app_metadata).toEqual({ provider: 'email', roles: ['anonymous'] });
});

test('passes over events that the site has no function for', async () => {
  const names: (string | null)[] = [];
  const { response } = await signUp({
    names: ['validate'],
    target: async (request) => {
      names.push(request.headers.get('x-netlify-event'));
      return new Response(null, { status: 204 });
    },
  });
  expect(response.status).toBe(200);
  expect(names).toEqual(['identity_validate']);
});

test('a yes after a no counts', async () => {
  let calls = 0;
  const { response } = await signUp({
    names: ['validate'],
    target: async () => {
      calls += 1;
      return new Response(null, { status: calls < 3 ? 500 : 204 });
    },
  });
  expect(response.status).toBe(200);
});

test('a call that breaks off is not repeated', async () => {
  let calls = 0;
  const { response, body, identity } = await signUp({
    target: async () => {
      calls += 1;
      throw new Error('gone');
    },
  });
  expect(response.status).toBe(500);
  expect(body.msg).toBe('Failed to trigger webhook to http://localhost/.netlify/functions/identity');
  expect(calls).toBe(1);
  expect(identity.users.count()).toBe(0);
});

test('nobody listens', async () => {
  const site = await startDevIdentity();
  await site.close();
  const { response, body } = await signUp({ target: `${site.url}/hook` });
  expect(response.status).toBe(502);
  expect(body.msg).toBe(`Failed to connect to ${site.url}/hook`);
});

test('the deadline is an option, and the message tells it', async () => {
  const target = () => new Promise<Response>(() => {});
  const { response, body } = await signUp({ target }, { eventTimeoutSeconds: 0.02 });
  expect(response.status).toBe(504);
  expect(body.msg).toBe('Failed to perform webhook in time frame (0.02 seconds)');
});

test('a refusal of the end of a user comes too late, and is only logged', async () => {
  const target = async () => new Response(null, { status: 401 });
  const logged: string[] = [];
  const identity = createDevIdentity({ events: { target }, log: (line) => logged.push(line) });
  const { id } = identity.users.plant({ email: 'a@visitor.invalid' });
  const headers = { authorization: `Bearer ${identity.operatorToken}` };
  const request = new Request(`http://localhost/admin/users/${id}`, { method: 'DELETE', headers });
  expect((await identity.fetch(request)).status).toBe(200);
  expect(identity.users.count()).toBe(0);
  expect(logged).toEqual(['userdeleted failed, and the change stays: Failed to handle signup webhook']);
});
