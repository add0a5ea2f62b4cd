import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { defineIdentityEvents } from '../../src/identity/defineEvents.ts';
import { samplePayloads } from '../../src/identity/samplePayloads.ts';
import { createIdentityWebhook } from '../../src/netlify/createIdentityWebhook.ts';
import { usePlatform } from '../support/platform.ts';

const platform = usePlatform();
const body = JSON.stringify(samplePayloads.validate);
const functions = defineIdentityEvents({ validate: () => ({ roles: ['member'] }) });

async function call(key: string): Promise<number> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(body)));
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
  const signature = await new SignJWT({ iss: 'gotrue', iat: Math.floor(Date.now() / 1000), sha256 })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(key));
  const headers = { 'x-webhook-signature': signature };
  const request = new Request('https://site.example/identity/webhook', { method: 'POST', body, headers });
  return (await createIdentityWebhook(functions)(request)).status;
}

test('the key is IDENTITY_WEBHOOK_SECRET, else IDENTITY_JWT_SECRET', async () => {
  platform.provide({ IDENTITY_JWT_SECRET: 'key-of-the-tokens' });
  expect([await call('key-of-the-tokens'), await call('key-of-the-hooks')]).toEqual([200, 401]);
  platform.provide({ IDENTITY_JWT_SECRET: 'key-of-the-tokens', IDENTITY_WEBHOOK_SECRET: 'key-of-the-hooks' });
  expect([await call('key-of-the-tokens'), await call('key-of-the-hooks')]).toEqual([401, 200]);
  platform.provide({});
  expect(await call('key-of-the-tokens')).toBe(401);
  expect(platform.lines.join()).toContain('IDENTITY_WEBHOOK_SECRET');
});

test('what are no event functions is refused when it is made', () => {
  expect(() => createIdentityWebhook({})).toThrow(/at least|needs/);
  expect(() => createIdentityWebhook({ validate: () => undefined })).toThrow(/userValidate/);
  expect(() => createIdentityWebhook({ userValidate: 7 })).toThrow(/userValidate must be a function/);
});
