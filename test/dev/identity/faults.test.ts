import { expect, test } from 'vitest';
import { createDevIdentity, startDevIdentity } from '../../../dev/identity/start.ts';

test('answers what it is told to, below the path and nowhere else, until told otherwise', async () => {
  const identity = createDevIdentity();
  const statusOf = async (path: string) =>
    (await identity.fetch(new Request(`http://localhost${path}`))).status;
  identity.faults.answer = { '/user': 502, '/admin/users': 429 };
  expect(await statusOf('/user')).toBe(502);
  expect(await statusOf('/admin/users/00000000-0000-4000-8000-000000000000')).toBe(429);
  expect(await statusOf('/users')).toBe(404);
  expect(await statusOf('/settings')).toBe(200);
  identity.faults.answer = {};
  expect(await statusOf('/user')).toBe(401);
});

test('hangs until the caller gives up, in the same process', async () => {
  const identity = createDevIdentity();
  identity.faults.hangPaths = ['/user'];
  const signal = AbortSignal.timeout(30);
  await expect(identity.fetch(new Request('http://localhost/user', { signal }))).rejects.toThrow('timeout');
});

test('hangs until the caller gives up, over the wire, and closes all the same', async () => {
  const identity = await startDevIdentity();
  identity.faults.hangPaths = ['/settings'];
  const hanging = fetch(`${identity.url}/settings`, { signal: AbortSignal.timeout(30) });
  await expect(hanging).rejects.toThrow('timeout');
  expect((await fetch(`${identity.url}/health`)).status).toBe(200);
  const forever = fetch(`${identity.url}/settings`);
  await Promise.all([expect(forever).rejects.toThrow('fetch failed'), identity.close()]);
});
