import { expect, test } from 'vitest';
import { createDevIdentity, type DevIdentity } from '../../../dev/identity/start.ts';

const startMilliseconds = Date.UTC(2026, 10, 21);

function showUser(identity: DevIdentity, token: string, headers = {}): Promise<Response> {
  const authorization = `Bearer ${token}`;
  return identity.fetch(new Request('http://localhost/user', { headers: { authorization, ...headers } }));
}

function askForToken(identity: DevIdentity, fields: Record<string, string>, headers = {}): Promise<Response> {
  const request = { method: 'POST', body: new URLSearchParams(fields), headers };
  return identity.fetch(new Request('http://localhost/token', request));
}

test('a token lives as long as it says, by the clock it was given', async () => {
  let nowMilliseconds = startMilliseconds;
  const identity = createDevIdentity({ now: () => nowMilliseconds, accessTokenTtlSeconds: 60 });
  const token = await identity.signAccessToken(identity.users.plant({ email: 'a@visitor.invalid' }).id);
  nowMilliseconds = startMilliseconds + 60_000;
  expect((await showUser(identity, token)).status).toBe(200);
  nowMilliseconds = startMilliseconds + 123_000;
  const late = await showUser(identity, token);
  expect(late.status).toBe(401);
  expect(await late.json()).toEqual({ code: 401, msg: 'Invalid token: token is expired by 1m3s' });
});

test('a token without a signature is refused', async () => {
  const identity = createDevIdentity();
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const { id } = identity.users.plant({ email: 'a@visitor.invalid' });
  const answer = await showUser(identity, `${encode({ alg: 'none' })}.${encode({ sub: id })}.`);
  expect(await answer.json()).toEqual({ code: 401, msg: 'Invalid token: signing method none is invalid' });
});

test('a token of one audience is not for another', async () => {
  const identity = createDevIdentity();
  const { id } = identity.users.plant({ email: 'a@visitor.invalid', aud: 'other' });
  const token = await identity.signAccessToken(id);
  expect((await showUser(identity, token)).status).toBe(200);
  expect((await showUser(identity, token, { 'x-jwt-aud': 'another' })).status).toBe(400);
});

test('no token for nobody', async () => {
  await expect(createDevIdentity().signAccessToken('nobody')).rejects.toThrow(TypeError);
});

test('the limit of /token counts each caller, and refills', async () => {
  let nowMilliseconds = startMilliseconds;
  const identity = createDevIdentity({
    now: () => nowMilliseconds,
    tokenLimit: { limit: 3, windowSeconds: 30 },
  });
  const statusFor = async (caller: string) =>
    (await askForToken(identity, {}, { 'x-nf-client-connection-ip': caller })).status;
  const first = [];
  for (let index = 0; index < 4; index += 1) first.push(await statusFor('192.0.2.1'));
  expect(first).toEqual([400, 400, 400, 429]);
  expect(await statusFor('192.0.2.2')).toBe(400);
  nowMilliseconds += 9_999;
  expect(await statusFor('192.0.2.1')).toBe(429);
  nowMilliseconds += 1;
  expect(await statusFor('192.0.2.1')).toBe(400);
});

test('log-out ends the refresh tokens', async () => {
  const identity = createDevIdentity();
  identity.users.plant({ email: 'a@visitor.invalid', password: 'correct-horse-battery' });
  const login = { grant_type: 'password', username: 'a@visitor.invalid', password: 'correct-horse-battery' };
  const tokens = (await (await askForToken(identity, login)).json()) as Record<string, string>;
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  await identity.fetch(new Request('http://localhost/logout', { method: 'POST', headers }));
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token ?? '' };
  expect((await askForToken(identity, refresh)).status).toBe(400);
});
