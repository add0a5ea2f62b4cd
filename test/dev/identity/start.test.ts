import { expect, test } from 'vitest';
import { OptionsError } from '../../../dev/assertOptions.ts';
import type { DevIdentityOptions } from '../../../dev/identity/options.ts';
import { createDevIdentity, startDevIdentity } from '../../../dev/identity/start.ts';

test('a port in use is an error that says so', async () => {
  const first = await startDevIdentity();
  const port = Number(new URL(first.url).port);
  await expect(startDevIdentity({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await first.close();
});

test('answers other origins as it answers its own, and HEAD not at all', async () => {
  const identity = createDevIdentity();
  const headers = { origin: 'https://example.com' };
  const response = await identity.fetch(new Request('http://localhost/settings', { headers }));
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.get('access-control-expose-headers')).toBe('Link, X-Total-Count');
  const head = await identity.fetch(new Request('http://localhost/settings', { method: 'HEAD' }));
  expect(head.status).toBe(405);
});

test('a preflight for a header that GoTrue does not know allows nothing', async () => {
  const headers = {
    origin: 'https://example.com',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,x-other',
  };
  const request = new Request('http://localhost/token', { method: 'OPTIONS', headers });
  const response = await createDevIdentity().fetch(request);
  expect(response.status).toBe(204);
  expect(response.headers.has('access-control-allow-origin')).toBe(false);
});

test.each([
  { jwtSecret: '' },
  { operatorToken: 'two words' },
  { instanceId: 'none' },
  { accessTokenTtlSeconds: 0 },
  { eventTimeoutSeconds: 0 },
  { commitDelayMilliseconds: -1 },
  { tokenLimit: { limit: 0, windowSeconds: 1 } },
  { tokenLimit: { limit: 1, windowSeconds: 0 } },
  { events: { target: 'ftp://127.0.0.1/' } },
  { events: { target: 'nowhere' } },
  // Code without types.
  { instanceId: ['00000000-0000-0000-0000-000000000000'] },
  { tokenLimit: null },
  { tokenLimit: false },
  { events: null },
  { events: '' },
])('%j is refused at the start', (options) => {
  expect(() => createDevIdentity(options as DevIdentityOptions)).toThrow(OptionsError);
});
