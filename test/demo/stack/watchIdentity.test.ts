import { afterEach, expect, test } from 'vitest';
import type { IdentityState } from '../../../demo/stack/watchIdentity.ts';
import { type DemoServer, startDemo } from '../../../demo/startDemo.ts';
import { type DevIdentityServer, startDevIdentity } from '../../../dev/identity/start.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { definePolicy } from '../../../src/policy/define.ts';

// `npm start` with IDENTITY_URL: a GoTrue that has, or has not, a webhook that points at the site.

const policy = definePolicy();
const webhookSecret = 'a secret of the webhooks alone';
let gotrue: DevIdentityServer;
let site: DemoServer | undefined;
afterEach(async () => {
  await site?.close();
  await gotrue.close();
});

async function stateWith(names: ('validate' | 'login')[], siteSecret: string): Promise<IdentityState> {
  // Its address is known later than that of GoTrue, so the call is passed on.
  const target = async (request: Request) =>
    fetch(`${site?.url}/.netlify/functions/identity`, {
      method: 'POST',
      headers: request.headers,
      body: await request.text(),
    });
  gotrue = await startDevIdentity({ webhookSecret, events: { names, target } });
  const env = {
    PORT: '0',
    IDENTITY_URL: gotrue.url,
    IDENTITY_OPERATOR_TOKEN: gotrue.operatorToken,
    IDENTITY_JWT_SECRET: gotrue.jwtSecret,
    IDENTITY_WEBHOOK_SECRET: siteSecret,
  };
  site = await startDemo(readSettings(env, policy), policy, { redisBackend: 'memory' });
  const answer = await (await fetch(`${site.url}/dev/stack`)).json();
  return (answer as { identity: IdentityState }).identity;
}

test.each([
  ['a webhook that points here', ['validate', 'login'], webhookSecret, true],
  ['no webhook for sign-ups', ['login'], webhookSecret, false],
  ['a webhook of another secret', ['validate'], 'another secret', false],
] as const)('%s: tells whether sign-ups ask here, and leaves no user', async (_, names, secret, asks) => {
  expect(await stateWith([...names], secret)).toEqual({
    kind: 'gotrue',
    url: gotrue.url,
    asksEventFunction: asks,
  });
  expect(gotrue.users.count()).toBe(0);
});

test('a member signs up at a GoTrue that calls this site for every event', async () => {
  await stateWith(['validate', 'login'], webhookSecret);
  const body = JSON.stringify({ email: 'ada@x.example', password: 'correct-horse-battery' });
  expect((await fetch(`${gotrue.url}/signup`, { method: 'POST', body })).status).toBe(200);
  const form = new URLSearchParams({
    grant_type: 'password',
    username: 'ada@x.example',
    password: 'correct-horse-battery',
  });
  expect((await fetch(`${gotrue.url}/token`, { method: 'POST', body: form })).status).toBe(200);
});
