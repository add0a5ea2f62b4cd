import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createSweepApp } from '../../src/http/sweepApp.ts';
import { createSweepCursor } from '../../src/store/sweepCursor.ts';
import { interleave, members, orphans, type SweepStack, startSweepStack } from '../broker/sweep/support.ts';
import { command, keysForEver, patient } from '../support/redisParts.ts';

let stack: SweepStack;
beforeEach(async () => {
  stack = await startSweepStack();
});
afterEach(() => stack.close());

const key = 'daypass:sweep:cursor';
const app = () => createSweepApp(stack.broker, createSweepCursor(patient(stack.redis)), stack.log);
/** A turn of the schedule, on an instance of its own. */
const turn = (instance = app()) =>
  instance.request('https://site.example/.netlify/functions/sweep', {
    method: 'POST',
    body: JSON.stringify({ next_run: '2026-11-21T04:00:00.000Z' }),
  });
const events = () => stack.logged.map((line) => JSON.parse(line).event);

test('sweeps, and reports its totals only in the log', async () => {
  stack.plant(interleave(orphans(30), members(30)));
  const response = await turn();
  expect([response.status, await response.text()]).toEqual([204, '']);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(stack.identity.users.count()).toBe(30);
  expect(stack.logged.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({
      event: 'sweep',
      seen: 30,
      deleted: 30,
      gone: 0,
      kept: 0,
      failed: 0,
      unread: 0,
    }),
  ]);
  expect(await command(stack.redis, 'EXISTS', key)).toBe(0);
});

test('goes on where the last run ended, and then from the beginning', async () => {
  stack.plant([...members(5), ...orphans(5)]);
  await command(stack.redis, 'SET', key, 'all.8.', 'EX', 60);
  await turn();
  expect(stack.lists.filter((url) => url.searchParams.has('filter'))).toEqual([]);
  expect(stack.identity.users.count()).toBe(8);
  await turn();
  expect(stack.identity.users.count()).toBe(5);
});

test('a run without an end leaves its place, for some hours', async () => {
  const cursor = createSweepCursor(patient(stack.redis));
  expect(await cursor.load()).toBeUndefined();
  await cursor.save('filtered.7.');
  expect(await cursor.load()).toBe('filtered.7.');
  expect(Number(await command(stack.redis, 'TTL', key))).toBeGreaterThan(3600);
  expect(await keysForEver(stack.redis)).toEqual([]);
  await cursor.save(undefined);
  expect(await cursor.load()).toBeUndefined();
});

test('a run whose time is up leaves its place for the next turn', async () => {
  stack.plant(interleave(members(100), orphans(100)));
  const clock = vi.spyOn(performance, 'now');
  const started = performance.now();
  clock.mockImplementation(() => started + (stack.deletes.length >= 40 ? 25_000 : 0));
  await turn();
  clock.mockRestore();
  expect(stack.deletes).toHaveLength(40);
  expect(await command(stack.redis, 'GET', key)).toBe('filtered.0.');
  expect(stack.logged.join()).toContain('"done":false');
  await turn();
  expect(stack.identity.users.count()).toBe(100);
});

test('Redis away: from the beginning', async () => {
  stack.plant(orphans(5));
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect((await turn()).status).toBe(204);
  stack.redis.setFault(undefined);
  expect(stack.identity.users.count()).toBe(0);
  expect(events()).toContain('sweep_cursor_lost');
});

test('an invalid position is forgotten', async () => {
  stack.plant(orphans(5));
  await command(stack.redis, 'SET', key, 'somebody else`s', 'EX', 60);
  expect((await turn()).status).toBe(204);
  expect(stack.identity.users.count()).toBe(0);
  expect(await command(stack.redis, 'EXISTS', key)).toBe(0);
});

test('calls at once of one instance are one run', async () => {
  stack.plant(orphans(50));
  const instance = app();
  const responses = await Promise.all(Array.from({ length: 20 }, () => turn(instance)));
  expect(responses.map(({ status }) => status)).toEqual(Array(20).fill(204));
  const listed = stack.lists.length;
  expect([listed < 6, stack.deletes.length]).toEqual([true, 50]);
  await turn(instance);
  expect(stack.lists).toHaveLength(listed + 1);
});

test('no Identity context: 500, and the log says what to do', async () => {
  stack.broker.operatorToken = () => undefined;
  const response = await turn();
  expect([response.status, (await response.json()).code]).toEqual([500, 'identity_context_missing']);
  expect(stack.logged.join()).toMatch(/"identity_context_missing","remedy":"Call POST \/session\/sweep /);
});

test('Identity away: 503, and the place stays', async () => {
  await command(stack.redis, 'SET', key, 'all.3.', 'EX', 60);
  stack.identity.faults.answer = { '/admin/users': 500 };
  const response = await turn();
  expect([response.status, response.headers.get('content-type')]).toEqual([503, 'application/problem+json']);
  expect((await response.json()).code).toBe('identity_unavailable');
  expect(await command(stack.redis, 'GET', key)).toBe('all.3.');
});
