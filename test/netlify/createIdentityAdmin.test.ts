import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type DevIdentityServer, startDevIdentity } from '../../dev/identity/start.ts';
import { createIdentityAdmin } from '../../src/netlify/createIdentityAdmin.ts';
import { usePlatform } from '../support/platform.ts';
import { codeOf } from '../support/rejection.ts';

const nobody = '00000000-0000-4000-8000-000000000000';
const { provide } = usePlatform();
let identity: DevIdentityServer;
beforeAll(async () => {
  identity = await startDevIdentity();
});
afterAll(() => identity.close());

function context(token: string | undefined): void {
  vi.stubGlobal('netlifyIdentityContext', { url: 'https://elsewhere.example', token });
}

test('reads the token again at each call, and the URL only from the site', async () => {
  const admin = createIdentityAdmin();
  provide({ IDENTITY_URL: identity.url, URL: 'https://site.example' });
  context(identity.operatorToken);
  expect(await admin.get(nobody)).toBeUndefined();
  context('of another site');
  expect(await codeOf(() => admin.get(nobody))).toBe('identity_refused');
});

test('a GoTrue of one’s own takes IDENTITY_OPERATOR_TOKEN, and not the token of Netlify', async () => {
  provide({ IDENTITY_URL: identity.url, IDENTITY_OPERATOR_TOKEN: identity.operatorToken });
  context('of Netlify');
  expect(await createIdentityAdmin().get(nobody)).toBeUndefined();
  vi.stubGlobal('netlifyIdentityContext', undefined);
  expect(await createIdentityAdmin().get(nobody)).toBeUndefined();
});

test("is the site's own Identity where nothing else is said", async () => {
  provide({ URL: 'https://site.example' });
  context('operator');
  const asked: string[] = [];
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url);
    return Response.json({ code: 404, msg: 'User not found' }, { status: 404 });
  });
  await createIdentityAdmin().get(nobody);
  expect(asked).toEqual([`https://site.example/.netlify/identity/admin/users/${nobody}`]);
});

test.each([[undefined], [null], [{}], [{ token: '' }]])('a context of %j is no context', async (value) => {
  provide({ URL: 'https://site.example' });
  vi.stubGlobal('netlifyIdentityContext', value);
  expect(await codeOf(() => createIdentityAdmin().get(nobody))).toBe('identity_context_missing');
});

test.each([
  [{}, 'URL is missing'],
  [{ URL: 'http://site.example' }, 'URL must be an https URL.'],
  [{ URL: 'https://site.example', IDENTITY_URL: 'http://gotrue:9999' }, 'IDENTITY_URL must be an https URL.'],
  [{ URL: 'nonsense' }, 'URL must be an https URL.'],
])('sends no token by %j', async (variables, words) => {
  provide(variables);
  context('operator');
  const call = createIdentityAdmin().get(nobody);
  await expect(call).rejects.toThrow(words);
  await expect(call).rejects.toMatchObject({ code: 'not_configured' });
});

test('an invalid timeout is a mistake at once', () => {
  expect(() => createIdentityAdmin({ timeoutSeconds: 0 })).toThrow(TypeError);
});
