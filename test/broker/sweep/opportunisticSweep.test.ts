import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createOpportunisticSweep } from '../../../src/broker/sweep/sweep.ts';
import { codeOf } from '../../support/rejection.ts';
import { now } from '../../support/tokens.ts';
import { created, interleave, members, orphans, type SweepStack, startSweepStack } from './support.ts';

let stack: SweepStack;
let seconds: number;
let sweepOpportunistically: () => Promise<void>;

async function start(options: Parameters<typeof startSweepStack>[0] = {}): Promise<void> {
  stack = await startSweepStack(options);
  seconds = now;
  stack.broker.now = () => seconds;
  sweepOpportunistically = createOpportunisticSweep(stack.broker, stack.log);
}
// Time stands still: a busy machine makes no record old.
beforeEach(() => void vi.spyOn(performance, 'now').mockReturnValue(0));
beforeEach(() => start());
afterEach(() => vi.restoreAllMocks());
afterEach(() => stack.close());

test('the five oldest go, once in ten seconds', async () => {
  const planted = stack.plant(orphans(12));
  for (let call = 0; call < 30; call += 1) await sweepOpportunistically();
  expect(stack.deletes.toSorted()).toEqual(
    planted
      .slice(0, 5)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(stack.lists).toHaveLength(1);
  seconds += 9;
  await sweepOpportunistically();
  expect(stack.deletes).toHaveLength(5);
  for (let turn = 0; turn < 3; turn += 1) {
    seconds += 10;
    await sweepOpportunistically();
  }
  expect(stack.identity.users.count()).toBe(0);
  expect(stack.logged.map((line) => JSON.parse(line))).toEqual(
    [5, 5, 2].map((deleted) => ({ event: 'sweep_opportunistic', deleted, gone: 0, failed: 0 })),
  );
});

test('calls at once are one', async () => {
  stack.plant(orphans(12));
  await Promise.all(Array.from({ length: 20 }, sweepOpportunistically));
  expect([stack.lists.length, stack.deletes.length]).toEqual([1, 5]);
});

test('a crowd in front that stays, and only looks like throwaway users, hides no orphan', async () => {
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
  for (let turn = 0; turn < 6; turn += 1) {
    await sweepOpportunistically();
    seconds += 10;
  }
  expect(stack.deletes).toHaveLength(1);
  stack.plant(orphans(1));
  for (let turn = 0; turn < 6; turn += 1) {
    await sweepOpportunistically();
    seconds += 10;
  }
  // From the beginning again.
  expect(stack.deletes).toHaveLength(2);
});

test('forty records that cannot be read hide no orphan', async () => {
  const planted = stack.plant(orphans(50));
  for (const { id } of planted.slice(0, 40)) stack.unreadable.add(id);
  for (let turn = 0; turn < 4; turn += 1) {
    await sweepOpportunistically();
    seconds += 10;
  }
  expect(stack.emails()).toEqual(planted.slice(0, 40).map(({ email }) => email));
});

test('where Identity cannot filter, the instance sweeps nothing', async () => {
  await stack.close();
  await start({ identity: { filter: 'mariadb' } });
  stack.plant([...members(3), ...orphans(3)]);
  for (let turn = 0; turn < 100; turn += 1) {
    await sweepOpportunistically();
    seconds += 30;
  }
  // Each time twice, to be sure.
  expect(stack.lists).toHaveLength(2);
  expect(stack.deletes).toEqual([]);
  seconds += 600;
  await sweepOpportunistically();
  expect(stack.lists).toHaveLength(4);
});

test('a filtered list that fails once is no Identity that cannot filter', async () => {
  stack.plant(orphans(3));
  stack.onRequest(() => (stack.lists.length === 1 ? new Response(null, { status: 500 }) : undefined));
  await sweepOpportunistically();
  expect(stack.identity.users.count()).toBe(0);

  stack.plant(orphans(3));
  stack.onRequest(() => new Response(null, { status: 502 }));
  seconds += 10;
  expect(await codeOf(sweepOpportunistically)).toBe('identity_unavailable');
  stack.onRequest(() => undefined);
  seconds += 10;
  await sweepOpportunistically();
  expect(stack.identity.users.count()).toBe(0);
});

test('five users whom Identity does not delete hold up no other, and are tried again from the beginning', async () => {
  const planted = stack.plant(interleave(members(3), orphans(30)));
  const stuck = planted.filter(({ email }) => email.startsWith('orphan-')).slice(0, 5);
  for (const { id } of stuck) stack.identity.faults.answer[`/admin/users/${id}`] = 500;
  for (let turn = 0; turn < 6; turn += 1) {
    await sweepOpportunistically();
    seconds += 10;
  }
  expect(stack.emails().filter((email) => email.startsWith('orphan-'))).toEqual(
    stuck.map(({ email }) => email),
  );
  expect(stack.deletes).toHaveLength(30);
  stack.identity.faults.answer = {};
  for (let turn = 0; turn < 2; turn += 1) {
    await sweepOpportunistically();
    seconds += 10;
  }
  expect(stack.emails()).toEqual(members(3).map(({ email }) => email));
});

test('a clock that is set back stops nothing', async () => {
  stack.plant(orphans(15));
  await sweepOpportunistically();
  seconds -= 86_400;
  // The planted ones are a day old by the clock before.
  stack.plant(orphans(5).map((user) => ({ ...user, ...created(200_000) })));
  await sweepOpportunistically();
  expect(stack.deletes).toHaveLength(10);
  await sweepOpportunistically();
  expect(stack.lists).toHaveLength(2);
  seconds += 10;
  await sweepOpportunistically();
  expect(stack.lists.length).toBeGreaterThan(2);
});

test('a failure is reported to the caller, and the next turn tries again', async () => {
  stack.plant(orphans(3));
  stack.onRequest(() => new Response(null, { status: 429 }));
  expect(await codeOf(sweepOpportunistically)).toBe('identity_unavailable');
  stack.broker.operatorToken = () => undefined;
  seconds += 10;
  expect(await codeOf(sweepOpportunistically)).toBe('identity_context_missing');
  stack.broker.operatorToken = () => stack.identity.operatorToken;
  stack.onRequest(() => undefined);
  seconds += 10;
  await sweepOpportunistically();
  expect(stack.identity.users.count()).toBe(0);
});
