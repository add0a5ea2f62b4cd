import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFewSweeps } from '../../../src/broker/sweep/few.ts';
import { codeOf } from '../../support/rejection.ts';
import { now } from '../../support/tokens.ts';
import { members, orphans, type SweepStack, startSweepStack } from './support.ts';

let stack: SweepStack;
let seconds: number;
let few: () => Promise<void>;

async function start(options: Parameters<typeof startSweepStack>[0] = {}): Promise<void> {
  stack = await startSweepStack(options);
  seconds = now;
  stack.broker.now = () => seconds;
  few = createFewSweeps(stack.broker, stack.log);
}
beforeEach(() => start());
afterEach(() => stack.close());

test('the five oldest go, once in ten seconds', async () => {
  const planted = stack.plant(orphans(12));
  for (let call = 0; call < 30; call += 1) await few();
  expect(stack.deletes.toSorted()).toEqual(
    planted
      .slice(0, 5)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(stack.lists).toHaveLength(1);
  seconds += 9;
  await few();
  expect(stack.deletes).toHaveLength(5);
  for (let turn = 0; turn < 3; turn += 1) {
    seconds += 10;
    await few();
  }
  expect(stack.identity.users.count()).toBe(0);
  expect(stack.logged.map((line) => JSON.parse(line))).toEqual(
    [5, 5, 2].map((deleted) => ({ event: 'sweep_few', deleted, gone: 0, failed: 0 })),
  );
});

test('calls at once are one', async () => {
  stack.plant(orphans(12));
  await Promise.all(Array.from({ length: 20 }, few));
  expect([stack.lists.length, stack.deletes.length]).toEqual([1, 5]);
});

test('a crowd in front that stays, and only looks like throwaway users, hides nobody', async () => {
  stack.plant(
    Array.from({ length: 250 }, (_, index) => ({
      email: `a${index}@example.com`,
      userMetadata: { full_name: '@visitor.invalid' },
    })),
  );
  stack.identity.users.plant({
    email: 'o@visitor.invalid',
    createdAt: new Date((now - 3600) * 1000).toISOString(),
  });
  for (let turn = 0; turn < 3; turn += 1) {
    await few();
    seconds += 10;
  }
  expect(stack.deletes).toHaveLength(1);
  stack.plant(orphans(1));
  for (let turn = 0; turn < 3; turn += 1) {
    await few();
    seconds += 10;
  }
  // From the beginning again.
  expect(stack.deletes).toHaveLength(2);
});

test('where Identity cannot filter, the instance leaves it alone', async () => {
  await stack.close();
  await start({ identity: { filter: 'mariadb' } });
  stack.plant([...members(3), ...orphans(3)]);
  for (let turn = 0; turn < 100; turn += 1) {
    await few();
    seconds += 30;
  }
  expect(stack.lists).toHaveLength(1);
  expect(stack.deletes).toEqual([]);
  seconds += 600;
  await few();
  expect(stack.lists).toHaveLength(2);
});

test('what goes wrong is told to the caller, and the next turn tries again', async () => {
  stack.plant(orphans(3));
  stack.onRequest(() => new Response(null, { status: 429 }));
  expect(await codeOf(few)).toBe('identity_unavailable');
  stack.broker.operatorToken = () => undefined;
  seconds += 10;
  expect(await codeOf(few)).toBe('identity_context_missing');
  stack.broker.operatorToken = () => stack.identity.operatorToken;
  stack.onRequest(() => undefined);
  seconds += 10;
  await few();
  expect(stack.identity.users.count()).toBe(0);
});
