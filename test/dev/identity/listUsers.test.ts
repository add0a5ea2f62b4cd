import { expect, test } from 'vitest';
import { createDevIdentity, type DevIdentity } from '../../../dev/identity/start.ts';

const operatorToken = 'operator';
const headers = { authorization: `Bearer ${operatorToken}` };

interface Listed {
  id: string;
  email: string;
  created_at: string;
}

function call(identity: DevIdentity, path: string, method = 'GET'): Promise<Response> {
  return identity.fetch(new Request(`http://localhost${path}`, { method, headers }));
}

async function list(identity: DevIdentity, query: string): Promise<Listed[]> {
  const { users } = (await (await call(identity, `/admin/users${query}`)).json()) as { users: Listed[] };
  return users;
}

function plantMany(count: number): DevIdentity {
  const identity = createDevIdentity({ operatorToken, commitDelayMilliseconds: 0 });
  const start = Date.UTC(2026, 0, 1);
  for (let index = 0; index < count; index += 1) {
    const createdAt = new Date(start + index * 250).toISOString();
    identity.users.plant({ email: `user-${index}@visitor.invalid`, createdAt });
  }
  return identity;
}

test.each([
  ['asc', 1],
  ['desc', -1],
])('pages through everybody once, %s', async (direction, sign) => {
  const identity = plantMany(230);
  const seen: Listed[] = [];
  for (let page = 1; page <= 5; page += 1) {
    seen.push(...(await list(identity, `?per_page=50&page=${page}&sort=created_at%20${direction}`)));
  }
  expect(new Set(seen.map((user) => user.email)).size).toBe(230);
  const times = seen.map((user) => sign * Date.parse(user.created_at));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('filters by e-mail and by full name', async () => {
  const identity = createDevIdentity({ operatorToken });
  identity.users.plant({ email: 'needle@visitor.invalid' });
  identity.users.plant({ email: 'a@visitor.invalid', userMetadata: { full_name: 'Ned needle' } });
  identity.users.plant({ email: 'b@visitor.invalid', userMetadata: { nickname: 'needle' } });
  expect(await list(identity, '?filter=needle')).toHaveLength(2);
});

test.each([
  ['NEEDLE', ['needle@Visitor.INVALID']],
  ['@visitor.invalid', ['needle@Visitor.INVALID', 'other@visitor.invalid']],
  ['n__dle@', ['needle@Visitor.INVALID']],
  ['n%@v', ['needle@Visitor.INVALID']],
  ['visitor-invalid', []],
  ['(ned.*', ['named@x.example']],
  ['[a-z]', []],
])('filters as LIKE of MySQL does: %s', async (filter, expected) => {
  const identity = createDevIdentity({ operatorToken });
  identity.users.plant({ email: 'needle@Visitor.INVALID' });
  identity.users.plant({ email: 'other@visitor.invalid' });
  identity.users.plant({ email: 'named@x.example', userMetadata: { full_name: 'A (Ned.* b' } });
  const found = await list(identity, `?filter=${encodeURIComponent(filter)}`);
  expect(found.map(({ email }) => email).toSorted()).toEqual(expected);
});

test('on MariaDB no filter works, and no filter at all does', async () => {
  const identity = createDevIdentity({ operatorToken, filter: 'mariadb' });
  identity.users.plant({ email: 'a@x.example' });
  const response = await call(identity, '/admin/users?filter=a');
  expect([response.status, await response.json()]).toEqual([
    500,
    { code: 500, msg: 'Database error finding users', error_id: expect.any(String) },
  ]);
  expect(await list(identity, '?filter=')).toHaveLength(1);
});

test('bad directions are refused', async () => {
  const response = await call(createDevIdentity({ operatorToken }), '/admin/users?sort=created_at%20up');
  expect(response.status).toBe(400);
});
