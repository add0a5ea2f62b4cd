import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DevIdentityServer, startDevIdentity } from '../../dev/identity/start.ts';
import { createAdmin, type IdentityAdmin } from '../../src/identity/admin.ts';
import { createIdentityClient } from '../../src/identity/client.ts';
import type { User } from '../../src/identity/user.ts';

const count = 300;
const startMs = Date.UTC(2026, 0, 1);
let identity: DevIdentityServer;
let admin: IdentityAdmin;
let requests: string[];

beforeEach(async () => {
  requests = [];
  identity = await startDevIdentity({ commitDelayMilliseconds: 0 });
  for (let index = 0; index < count; index += 1) plant(index);
  admin = adminWith((input, init) => {
    requests.push(String(input));
    return fetch(input, init);
  });
});
afterEach(() => identity.close());

/** A server that limits the users per page. */
function capPagesAt(most: number, skipsByAskedSize: boolean): void {
  admin = adminWith(async (input, init) => {
    requests.push(String(input));
    const url = new URL(String(input));
    const asked = Number(url.searchParams.get('per_page'));
    if (asked <= most) return fetch(url, init);
    if (!skipsByAskedSize) url.searchParams.set('per_page', String(most));
    const answer = await fetch(url, init);
    const body = (await answer.json()) as { users: unknown[] };
    const headers = new Headers(answer.headers);
    headers.delete('content-length');
    return Response.json({ ...body, users: body.users.slice(0, most) }, { headers });
  });
}

function adminWith(send: typeof fetch): IdentityAdmin {
  return createAdmin({
    client: () => createIdentityClient({ url: identity.url, fetch: send }),
    operatorToken: () => identity.operatorToken,
    timeoutSeconds: 10,
  });
}

function plant(index: number): void {
  const createdAt = new Date(startMs + index * 1000).toISOString();
  const full_name = index % 100 === 7 ? 'Grace' : 'Ada';
  identity.users.plant({ email: `user-${index}@x.example`, createdAt, userMetadata: { full_name } });
}

async function emailsOf(users: AsyncIterable<User>): Promise<string[]> {
  const emails: string[] = [];
  for await (const { email } of users) emails.push(email);
  return emails;
}

function emails(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, index) => `user-${from + index}@x.example`);
}

test('lists all users once, oldest first, in pages', async () => {
  expect(await emailsOf(admin.list())).toEqual(emails(0, count));
  expect(requests).toHaveLength(3);
});

test.each([true, false])(
  'a server that limits its pages to 50 is read to the end (skipping by the size that was asked for: %s)',
  async (skipsByAskedSize) => {
    capPagesAt(50, skipsByAskedSize);
    expect(await emailsOf(admin.list())).toEqual(emails(0, count));
    expect(requests).toHaveLength(6);
    expect(await emailsOf(admin.list({ order: 'newest', perPage: 100 }))).toEqual(emails(0, count).reverse());
    expect((await admin.page()).users).toHaveLength(50);
  },
);

test('a server with a fixed page size is read to the end', async () => {
  admin = adminWith((input, init) => {
    const url = new URL(String(input));
    url.searchParams.set('per_page', '25');
    return fetch(url, init);
  });
  expect(await emailsOf(admin.list({ perPage: 100 }))).toEqual(emails(0, count));
  expect(await emailsOf(admin.list({ perPage: 70 }))).toEqual(emails(0, count));
});

test('all users can be deleted while listing, also on a server that limits its pages', async () => {
  capPagesAt(25, false);
  for await (const { id } of admin.list({ perPage: 100 })) await admin.delete(id);
  expect(identity.users.count()).toBe(0);
});

test('an empty page ends the list, whatever the total says', async () => {
  const listing = adminWith(async (input, init) => {
    requests.push(String(input));
    const answer = await fetch(input, init);
    const headers = new Headers(answer.headers);
    headers.set('x-total-count', '1000000');
    return new Response(answer.body, { headers });
  });
  expect(await emailsOf(listing.list({ perPage: 100 }))).toEqual(emails(0, count));
  expect(requests).toHaveLength(4);
});

test('lists the newest first', async () => {
  expect(await emailsOf(admin.list({ order: 'newest', perPage: 100 }))).toEqual(emails(0, count).reverse());
  expect(requests).toHaveLength(3);
});

test('requests no more pages than needed', async () => {
  const some: string[] = [];
  for await (const { email } of admin.list({ perPage: 10 })) {
    some.push(email);
    if (some.length === 15) break;
  }
  expect(some).toEqual(emails(0, 15));
  expect(requests).toHaveLength(2);
});

test('filters by e-mail and by name', async () => {
  expect(await emailsOf(admin.list({ filter: 'user-29' }))).toEqual([...emails(29, 30), ...emails(290, 300)]);
  expect(await emailsOf(admin.list({ filter: 'Grace' }))).toEqual(
    [7, 107, 207].map((index) => `user-${index}@x.example`),
  );
  expect(await emailsOf(admin.list({ filter: 'a&page=2#' }))).toEqual([]);
});

test('a page has the number of all users', async () => {
  const page = await admin.page({ page: 2, perPage: 7 });
  expect(page.users.map(({ email }) => email)).toEqual(emails(7, 14));
  expect(page.total).toBe(count);
  expect(await admin.page({ page: 999 })).toEqual({ users: [], total: count });
  expect((await admin.page({ filter: 'Grace', perPage: 1 })).total).toBe(3);
});

test('deleting users while listing skips no other', async () => {
  const seen: string[] = [];
  let listed = 0;
  for await (const { id, email } of admin.list()) {
    seen.push(email);
    listed += 1;
    if (listed % 3 !== 0) await admin.delete(id);
  }
  expect(seen.toSorted()).toEqual(emails(0, count).toSorted());
  expect(identity.users.count()).toBe(count / 3);
});

test('all users can be deleted while listing', async () => {
  for await (const { id } of admin.list({ perPage: 40 })) await admin.delete(id);
  expect(identity.users.count()).toBe(0);
});

test('users who sign up meanwhile come last, and none comes twice', async () => {
  const seen: string[] = [];
  for await (const { email } of admin.list({ perPage: 100 })) {
    if (email === 'user-5@x.example') plant(count);
    seen.push(email);
  }
  expect(seen).toEqual(emails(0, count + 1));
  const newestFirst: string[] = [];
  for await (const { email } of admin.list({ perPage: 100, order: 'newest' })) {
    if (newestFirst.length === 5) plant(count + 1);
    newestFirst.push(email);
  }
  expect(newestFirst).toEqual(emails(0, count + 1).reverse());
});

test('creates, changes and deletes a user', async () => {
  const user = await admin.create({
    email: 'ada@x.example',
    password: 'correct-horse-battery',
    confirm: true,
  });
  expect(user).toMatchObject({ provider: 'email', appMetadata: { provider: 'email' } });
  const changed = await admin.update(user.id, { roles: ['editor'], userMetadata: { color: 'blue' } });
  expect(changed).toMatchObject({
    provider: 'email',
    roles: ['editor'],
    userMetadata: { color: 'blue' },
    confirmedAt: expect.any(String),
  });
  expect(await admin.update(user.id, { userMetadata: { color: null } })).toMatchObject({
    roles: ['editor'],
    userMetadata: {},
  });
  const again = admin.create({ email: 'ada@x.example', password: 'another' });
  await expect(again).rejects.toThrow('Email address already registered by another user');
  expect([await admin.delete(user.id), await admin.delete(user.id)]).toEqual([true, false]);
  expect(await admin.get(user.id)).toBeUndefined();
});
