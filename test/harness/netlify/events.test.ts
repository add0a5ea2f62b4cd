import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NetlifyEmulator, startNetlifyEmulator } from './start.ts';

const origin = 'http://localhost:8888';
let emulator: NetlifyEmulator;

beforeAll(async () => {
  emulator = await startNetlifyEmulator({
    projectRoot: fileURLToPath(new URL('fixtures/site', import.meta.url)),
    origin,
    environment: {},
    identityContext: () => ({ url: `${origin}/.netlify/identity`, token: 'operator' }),
  });
});
afterAll(() => emulator.close());

function eventOf(name: string, event: string, email: string): Request {
  const user = {
    id: '5f0c2d8e-0000-4000-8000-000000000000',
    email,
    created_at: '2026-11-21T00:00:00Z',
    app_metadata: { provider: 'email' },
    user_metadata: {},
  };
  return new Request(`${origin}/.netlify/functions/${name}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-netlify-event': event },
    body: JSON.stringify({ event: event.replace('identity_', ''), instance_id: 'i', user }),
  });
}

test('a handler changes the user, and finds the identity context', async () => {
  const response = await emulator.dispatchEvent(
    eventOf('identity', 'identity_validate', 'a@visitor.invalid'),
  );
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    app_metadata: { provider: 'email', roles: ['anonymous'] },
    user_metadata: { identity: { token: 'operator' } },
  });
});

test('it may leave the user alone, deny it, or fail', async () => {
  const outcomes = [];
  for (const who of ['left', 'denied', 'thrown']) {
    const response = await emulator.dispatchEvent(
      eventOf('identity', 'identity_validate', `${who}@x.example`),
    );
    outcomes.push([who, response.status]);
  }
  expect(outcomes).toEqual([
    ['left', 200],
    ['denied', 401],
    ['thrown', 500],
  ]);
});

test('a function that answers on a path of its own is reached by name all the same', async () => {
  const response = await emulator.dispatchEvent(eventOf('kit', 'identity_signup', 'a@x.example'));
  expect(await response.json()).toMatchObject({ user_metadata: { path: '/kit' } });
});

test('an unknown function is 404, and what is no event a TypeError', async () => {
  expect((await emulator.dispatchEvent(eventOf('nobody', 'identity_login', 'a@x.example'))).status).toBe(404);
  await expect(
    emulator.dispatchEvent(new Request(`${origin}/session/token`, { method: 'POST' })),
  ).rejects.toThrow(TypeError);
});

test('a caller cannot pose as Identity', async () => {
  const forged = eventOf('identity', 'identity_validate', 'a@x.example');
  expect((await emulator.handle(forged, '203.0.113.9')).status).toBe(500);
});
