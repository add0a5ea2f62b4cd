import { expect, test } from 'vitest';
import { createLabKit } from '../../../../demo/site/lab/kit.ts';
import { type Asked, askPolicies } from '../../../../demo/site/pressure/askPolicies.ts';
import { difference, type StackPositions, type StackState } from '../../../../demo/site/pressure/stack.ts';
import { openSite, refusal } from '../lab/openSite.ts';

/** A stack that keeps a list of what was done to it, as `during` of the page's own does. */
function stackAt(positions: StackPositions, canSwitch = true) {
  let current = positions;
  const done: string[] = [];
  const state = (): StackState => {
    const { redis, ...policy } = current;
    const identity = { kind: 'stand-in', asksEventFunction: true } as const;
    return { policy, redis, canSwitch, canStopRedis: true, canKill: true, identity };
  };
  const stack = {
    get state() {
      return state();
    },
    async change(changes: Partial<StackPositions>) {
      done.push(JSON.stringify(changes));
      current = { ...current, ...changes };
    },
    async during<Result>(work: () => Promise<Result>): Promise<Result> {
      const before = current;
      try {
        return await work();
      } finally {
        await stack.change(difference(current, before));
      }
    },
  };
  return { stack, done, positions: () => current };
}

const found: StackPositions = { admission: 'off', mode: 'enforce', storeFailure: 'local', redis: 'running' };

test('asks under each policy while Redis is stopped, and finishes the exchange after its return', async () => {
  const watching: StackPositions = { ...found, mode: 'monitor' };
  const { stack, done, positions } = stackAt(watching);
  const { send } = openSite((_, path) =>
    path === '/session/token' && positions().redis === 'stopped'
      ? refusal(503, 'store_unavailable')
      : undefined,
  );
  const told: [Asked, number[], string][] = [];
  await askPolicies(stack, createLabKit(send), (asked, calls) => {
    told.push([asked, calls.map(({ answer }) => answer.status), positions().storeFailure]);
  });
  expect(told).toEqual([
    ['local', [200, 200, 200, 200], 'local'],
    ['deny', [200, 200, 200, 200], 'deny'],
    ['allow', [200, 200, 200, 200], 'allow'],
    ['exchange', [503], 'allow'],
    ['return', [200], 'allow'],
  ]);
  expect(done).toEqual([
    '{"redis":"stopped"}',
    '{"storeFailure":"local","mode":"enforce"}',
    '{"storeFailure":"deny","mode":"enforce"}',
    '{"storeFailure":"allow","mode":"enforce"}',
    '{"redis":"running"}',
    '{"mode":"monitor","storeFailure":"local"}',
  ]);
  expect(positions()).toEqual(watching);
});

test('a stack whose policy is fixed is asked under its own alone', async () => {
  const { stack, done } = stackAt({ ...found, storeFailure: 'deny' }, false);
  const told: Asked[] = [];
  await askPolicies(stack, createLabKit(openSite().send), (asked) => told.push(asked));
  expect(told).toEqual(['deny', 'exchange', 'return']);
  expect(done.filter((changes) => changes.includes('storeFailure'))).toEqual([]);
});

test('a Redis that was stopped before is stopped again, and wakes only for the pass', async () => {
  const { stack, done, positions } = stackAt({ ...found, redis: 'stopped' });
  await askPolicies(stack, createLabKit(openSite().send), () => undefined);
  expect(done.slice(0, 2)).toEqual(['{"redis":"running"}', '{"redis":"stopped"}']);
  expect(positions().redis).toBe('stopped');
});

test('whatever fails on the way, the stack is left as it was found', async () => {
  const { stack, positions } = stackAt(found);
  const fails = askPolicies(stack, createLabKit(openSite().send), (asked) => {
    if (asked === 'deny') throw new Error('The page is broken.');
  });
  await expect(fails).rejects.toThrow('The page is broken.');
  expect(positions()).toEqual(found);
});
