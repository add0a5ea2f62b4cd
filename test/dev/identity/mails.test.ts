import { expect, test } from 'vitest';
import { createDevIdentity, type DevIdentity } from '../../../src/dev/identity/create.ts';
import type { User } from '../../../src/dev/identity/users.ts';

// Nothing is mailed here: the tokens of the mails are in the rows.

const email = 'a@visitor.invalid';
const password = 'correct-horse-battery';

async function send(identity: DevIdentity, method: string, path: string, body: unknown, token?: string) {
  const headers = token ? { authorization: `Bearer ${token}` } : undefined;
  const init = { method, body: JSON.stringify(body), ...(headers ? { headers } : {}) };
  const response = await identity.fetch(new Request(`http://localhost${path}`, init));
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

function onlyUser(identity: DevIdentity): User {
  const [user] = identity.users.list();
  if (!user) throw new Error('There is no user.');
  return user;
}

test('a confirmation token opens the account, once, and tells the site', async () => {
  const events: unknown[] = [];
  const target = async (request: Request) => {
    events.push(((await request.json()) as { event: string }).event);
    return new Response(null, { status: 204 });
  };
  const identity = createDevIdentity({ autoconfirm: false, events: { target } });
  await send(identity, 'POST', '/signup', { email, password });
  const { confirmationToken } = onlyUser(identity);
  const verified = await send(identity, 'POST', '/verify', { type: 'signup', token: confirmationToken });
  expect(verified.body).toHaveProperty('access_token');
  expect(onlyUser(identity).confirmedAt).toBeDefined();
  expect(events).toEqual(['validate', 'signup']);
  expect((await send(identity, 'POST', '/verify', { type: 'signup', token: confirmationToken })).status).toBe(
    404,
  );
});

test('another confirmation is mailed after a quarter of an hour only', async () => {
  let nowMs = Date.UTC(2026, 10, 21);
  const identity = createDevIdentity({ autoconfirm: false, now: () => nowMs });
  await send(identity, 'POST', '/signup', { email, password });
  const { confirmationToken } = onlyUser(identity);
  nowMs += 14 * 60_000;
  await send(identity, 'POST', '/signup', { email, password, data: { name: 'A' } });
  expect(onlyUser(identity)).toMatchObject({ confirmationToken, userMetadata: { name: 'A' } });
  nowMs += 2 * 60_000;
  await send(identity, 'POST', '/signup', { email, password });
  expect(onlyUser(identity).confirmationToken).not.toBe(confirmationToken);
});

test('a recovery token logs in, once', async () => {
  const identity = createDevIdentity();
  identity.users.plant({ email });
  expect(await send(identity, 'POST', '/recover', { email })).toEqual({ status: 200, body: {} });
  const body = { type: 'recovery', token: onlyUser(identity).recoveryToken };
  expect((await send(identity, 'POST', '/verify', body)).body).toHaveProperty('access_token');
  expect((await send(identity, 'POST', '/verify', body)).status).toBe(404);
});

test('an e-mail changes when its new owner says so', async () => {
  const identity = createDevIdentity();
  const { id } = identity.users.plant({ email });
  identity.users.plant({ email: 'taken@visitor.invalid' });
  const token = await identity.signAccessToken(id);
  const change = (body: object) => send(identity, 'PUT', '/user', body, token);
  expect((await change({ email: 'taken@visitor.invalid' })).status).toBe(422);
  expect((await change({ email: 'new@visitor.invalid' })).body).toMatchObject({
    email,
    new_email: 'new@visitor.invalid',
  });
  expect((await change({ email_change_token: 'wrong' })).status).toBe(401);
  const changed = await change({ email_change_token: onlyUser(identity).emailChangeToken });
  expect(changed.body.email).toBe('new@visitor.invalid');
});
