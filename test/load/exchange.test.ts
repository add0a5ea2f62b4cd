import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSettings } from '../../src/dev/settings.ts';
import { type DevServer, startDevServer } from '../../src/dev/startDevServer.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { describeWith } from '../support/optional.ts';
import { exchange, logIn, signUp } from '../support/recipe.ts';

const wide = { limit: 100_000, windowSeconds: 60 };

/** How often each status came, once all have been answered. */
async function statuses(calls: Promise<Response>[]): Promise<Record<number, number>> {
  const counts: Record<number, number> = {};
  for (const answer of await Promise.all(calls)) {
    counts[answer.status] = (counts[answer.status] ?? 0) + 1;
    await answer.body?.cancel();
  }
  return counts;
}

describeWith('redis-server')('concurrent exchanges', () => {
  let server: DevServer;
  beforeAll(async () => {
    const policy = definePolicy({ limits: { exchange: wide, site: wide } });
    server = await startDevServer(readSettings({ PORT: '0' }, policy), policy, {
      redisBackend: 'redis-server',
    });
  });
  afterAll(() => server.close());

  test('1000 of one Identity token: one access token, nothing answers 5xx', async () => {
    const token = await logIn(server.url, await signUp(server.url));
    const counts = await statuses(Array.from({ length: 1000 }, () => exchange(server.url, token)));
    expect(counts).toEqual({ 200: 1, 400: 999 });
  });

  test('20 Identity tokens of one user at once: one access token', async () => {
    for (let round = 0; round < 20; round += 1) {
      const email = await signUp(server.url);
      const tokens = await Promise.all(Array.from({ length: 20 }, () => logIn(server.url, email)));
      const counts = await statuses(tokens.map((token) => exchange(server.url, token)));
      expect(counts).toEqual({ 200: 1, 400: 19 });
    }
  });
});

describeWith('redis-server')('concurrent exchanges under the default limits', () => {
  let server: DevServer;
  beforeAll(async () => {
    const policy = definePolicy();
    server = await startDevServer(readSettings({ PORT: '0' }, policy), policy, {
      redisBackend: 'redis-server',
    });
  });
  afterAll(() => server.close());

  test('1000 of one Identity token: one access token, the rest refused or limited', async () => {
    const token = await logIn(server.url, await signUp(server.url));
    const counts = await statuses(Array.from({ length: 1000 }, () => exchange(server.url, token)));
    expect(Object.keys(counts)).toEqual(['200', '400', '429']);
    expect(counts[200]).toBe(1);
  });
});
