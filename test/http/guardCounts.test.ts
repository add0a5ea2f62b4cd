import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identityPath } from '../../src/protocol/wire.ts';
import { readCounts } from '../../src/store/counters.ts';
import { type GuardStack, startGuardStack } from '../support/guardStack.ts';
import { createSkippableTime, type SkippableTime } from '../support/manualTime.ts';
import { patient } from '../support/redisParts.ts';
import { issuer } from '../support/tokens.ts';

const rule = { limit: 1, windowSeconds: 3600, algorithm: 'fixed-window' } as const;

let stack: GuardStack;
let time: SkippableTime;
let works: Promise<unknown>[];
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
  time = createSkippableTime();
  stack = await startGuardStack({ policy: { limits: { signup: rule } }, time });
  works = [];
});
afterEach(async () => {
  await stack.close();
  vi.useRealTimers();
});

function pass(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds);
  time.skip(milliseconds);
}
const signUp = (clientAddress: string) =>
  stack.app.request(
    `${issuer}${identityPath}/signup`,
    { method: 'POST', body: '{}' },
    { clientAddress, waitUntil: (work) => void works.push(work) },
  );
const counts = async () =>
  (await readCounts(patient(stack.redis), Date.now())).map(({ event, count }) => [event, count]);
const changes = () =>
  stack.logged.map((line) => JSON.parse(line)).filter(({ event }) => event.startsWith('circuit_'));
const changesCounted = [
  ['circuit_opened', 1],
  ['circuit_closed', 1],
];

/** Redis goes, and comes back. */
async function loseAndFind(): Promise<void> {
  stack.redis.setFault({ kind: 'bad-gateway' });
  await signUp('192.0.2.1');
  pass(300);
  await signUp('192.0.2.2');
  stack.redis.setFault(undefined);
  pass(1000);
  await signUp('192.0.2.3');
}

test('each change of its Redis is one line and one count, which travels in the request of a later call', async () => {
  await loseAndFind();
  expect(changes()).toEqual([
    { event: 'circuit_opened', part: 'guard', cause: expect.any(String) },
    { event: 'circuit_closed', part: 'guard' },
  ]);
  pass(1000);
  const before = stack.redis.requests;
  await signUp('192.0.2.4');
  expect(stack.redis.requests - before).toBe(1);
  expect(await counts()).toEqual(changesCounted);
});

test('when no call follows they are sent once the answer is made, after calls that were refused too', async () => {
  await loseAndFind();
  works = [];
  await signUp('192.0.2.3');
  await Promise.all(works);
  expect(await counts()).toEqual(changesCounted);
  works = [];
  const before = stack.redis.requests;
  await signUp('192.0.2.3');
  expect(works).toHaveLength(1);
  await Promise.all(works);
  expect(stack.redis.requests).toBe(before);
});

test('a limit goes on where Redis was when it goes away, and where this instance was when it is back', async () => {
  const limits = { signup: { ...rule, limit: 4 } };
  const guard = await startGuardStack({ policy: { limits }, redis: stack.redis, time });
  const other = await startGuardStack({ policy: { limits }, redis: stack.redis });
  const signUps = async (times: number, at = guard) => {
    const statuses: number[] = [];
    for (let call = 0; call < times; call += 1)
      statuses.push((await at.request('/signup', { method: 'POST', body: '{}' })).status);
    return statuses.filter((status) => status !== 429).length;
  };
  expect([await signUps(1, other), await signUps(1)]).toEqual([1, 1]);
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await signUps(1)).toBe(1);
  stack.redis.setFault(undefined);
  expect(await signUps(3)).toBe(1);
});

test('the refusal of a /48 that is known is no sign that Redis is back', async () => {
  for (let site = 0; site < 11; site += 1) await signUp(`2001:db8:1:${site}::1`);
  stack.redis.setFault({ kind: 'bad-gateway' });
  await signUp('192.0.2.1');
  pass(300);
  await signUp('192.0.2.2');
  pass(1000);
  expect((await signUp('2001:db8:1:99::1')).status).toBe(429);
  expect(changes()).toHaveLength(1);
});
