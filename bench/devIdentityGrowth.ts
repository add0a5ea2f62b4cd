import { createDevIdentity, type DevIdentity } from '../dev/identity/start.ts';
import type { Bench } from './support/bench.ts';
import { interleave, millisecondsOf } from './support/interleave.ts';
import { ratioOf } from './support/spread.ts';

const operatorToken = 'operator';

/** Tests fill the dev identity with tens of thousands of users: nothing of it may search through all of them. */
export const bench: Bench = {
  question: 'Does the dev identity slow down as users grow?',
  async run({ isQuick }) {
    const size = isQuick ? 1_000 : 4_000;
    const deleted = await interleave(isQuick ? 1 : 5, {
      many: () => millisecondsOf(() => makeAndDelete(8 * size)),
      few: () => millisecondsOf(() => makeAndDelete(size)),
    });
    const [manyUsers, fewUsers] = [plant(20_000), plant(2_000)];
    const listed = await interleave(isQuick ? 3 : 9, {
      many: () => millisecondsOf(() => list(manyUsers)),
      few: () => millisecondsOf(() => list(fewUsers)),
    });
    return [
      {
        what: `${8 * size} users made and deleted`,
        baseline: `${size} users (flat is 8 ×)`,
        figure: ratioOf(deleted.many, deleted.few),
        unit: '×',
        // A search through all users at each would make it 64.
        toReach: { atMost: 24 },
      },
      {
        what: 'a page of 20 000 users, sorted',
        baseline: '2 000 users (flat is 10 ×)',
        figure: ratioOf(listed.many, listed.few),
        unit: '×',
        toReach: { atMost: 40 },
      },
    ];
  },
};

function plant(count: number): DevIdentity {
  const identity = createDevIdentity({ operatorToken, commitDelayMilliseconds: 0 });
  for (let index = 0; index < count; index += 1) {
    const createdAt = new Date(Date.UTC(2026, 0, 1) + index * 250).toISOString();
    identity.users.plant({ email: `user-${index}@visitor.invalid`, createdAt });
  }
  return identity;
}

async function makeAndDelete(count: number): Promise<void> {
  const identity = plant(count);
  for (const { id } of identity.users.list()) await call(identity, `/admin/users/${id}`, 'DELETE');
}

function list(identity: DevIdentity): Promise<void> {
  return call(identity, '/admin/users?per_page=100&sort=created_at%20asc', 'GET');
}

async function call(identity: DevIdentity, path: string, method: string): Promise<void> {
  const headers = { authorization: `Bearer ${operatorToken}` };
  const response = await identity.fetch(new Request(`http://localhost${path}`, { method, headers }));
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  await response.arrayBuffer();
}
