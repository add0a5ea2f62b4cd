import { expect, test } from 'vitest';
import { createDevIdentity, type DevIdentity } from '../../../dev/identity/start.ts';
import type { User } from '../../../dev/identity/users.ts';

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
  let nowMilliseconds = Date.UTC(2026, 10, 21);
  const identity = createDevIdentity({ autoconfirm: false, now: () => nowMilliseconds });
  await send(identity, 'POST', '/signup', { email, password });
  const { confirmationToken } = onlyUser(identity);
  nowMilliseconds += 14 * 60_000;
  await send(identity, 'POST', '/signup', { email, password, data: { name: 'A' } });
  expect(onlyUser(identity)).toMatchObject({ confirmationToken, userMetadata: { name: 'A' } });
  nowMilliseconds += 2 * 60_000;
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

const dayMilliseconds = 24 * 3600_000;

test.each([
  ['signup', 'confirmationToken'],
  ['recovery', 'recoveryToken'],
] as const)('a %s token expires after a day', async (type, field) => {
  let nowMilliseconds = Date.UTC(2026, 10, 21);
  const identity = createDevIdentity({ autoconfirm: type !== 'signup', now: () => nowMilliseconds });
  await send(identity, 'POST', '/signup', { email, password });
  if (type === 'recovery') await send(identity, 'POST', '/recover', { email });
  const body = { type, token: onlyUser(identity)[field] };
  nowMilliseconds += dayMilliseconds + 1000;
  expect(await send(identity, 'POST', '/verify', body)).toMatchObject({ status: 410, body: { code: 410 } });
  nowMilliseconds -= 2000;
  expect((await send(identity, 'POST', '/verify', body)).body).toHaveProperty('access_token');
});

test('a token for a change of e-mail expires after a day', async () => {
  let nowMilliseconds = Date.UTC(2026, 10, 21);
  const identity = createDevIdentity({ now: () => nowMilliseconds, accessTokenTtlSeconds: 10 * 86_400 });
  const { id } = identity.users.plant({ email });
  const token = await identity.signAccessToken(id);
  await send(identity, 'PUT', '/user', { email: 'new@visitor.invalid' }, token);
  const body = { email_change_token: onlyUser(identity).emailChangeToken };
  nowMilliseconds += dayMilliseconds + 1000;
  expect((await send(identity, 'PUT', '/user', body, token)).status).toBe(410);
  nowMilliseconds -= 2000;
  expect((await send(identity, 'PUT', '/user', body, token)).body.email).toBe('new@visitor.invalid');
});

test('another recovery is mailed after a quarter of an hour only', async () => {
  let nowMilliseconds = Date.UTC(2026, 10, 21);
  const identity = createDevIdentity({ now: () => nowMilliseconds });
  identity.users.plant({ email });
  const recover = async () => (await send(identity, 'POST', '/recover', { email })).status;
  expect([await recover(), await recover()]).toEqual([200, 429]);
  nowMilliseconds += 15 * 60_000;
  expect(await recover()).toBe(200);
});

test('whoever was invited sets a password, and logs in', async () => {
  const identity = createDevIdentity();
  await send(identity, 'POST', '/invite', { email }, identity.operatorToken);
  const invited = onlyUser(identity);
  expect(invited.confirmedAt).toBeUndefined();
  const body = { type: 'signup', token: invited.confirmationToken };
  expect((await send(identity, 'POST', '/verify', body)).status).toBe(422);
  expect((await send(identity, 'POST', '/verify', { ...body, password })).body).toHaveProperty(
    'access_token',
  );
  const again = await send(identity, 'POST', '/invite', { email }, identity.operatorToken);
  expect(again.body).toEqual({ code: 422, msg: 'Email address already registered by another user' });
});

test('a user of the admin group may do what an operator may; nobody else may', async () => {
  const identity = createDevIdentity({ adminGroup: 'staff' });
  const staff = identity.users.plant({ email: 'staff@x.example', role: 'staff' });
  // The roles that a site gives are no role of GoTrue's.
  const other = identity.users.plant({
    email: 'other@x.example',
    appMetadata: { provider: 'email', roles: ['staff'] },
  });
  const list = async (id: string) =>
    send(identity, 'GET', '/admin/users', undefined, await identity.signAccessToken(id));
  expect([(await list(staff.id)).status, (await list(other.id)).status]).toEqual([200, 401]);
});

test('an e-mail is found without regard to case, accents and a space behind', async () => {
  const identity = createDevIdentity();
  identity.users.plant({ email: 'Ärger@visitor.invalid' });
  const again = await send(identity, 'POST', '/signup', { email: 'arger@VISITOR.invalid ', password });
  expect(again.status).toBe(400);
});
