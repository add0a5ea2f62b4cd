import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createSweepCursor } from '../../src/store/sweepCursor.ts';
import { createUsedProofs } from '../../src/store/usedProofs.ts';
import { type BrokerStack, callerAddress, startBrokerStack } from '../support/brokerStack.ts';
import { startGateStack } from '../support/gateStack.ts';
import { signUpOf, startGuardStack } from '../support/guardStack.ts';
import { command, patient } from '../support/redisParts.ts';

// docs/redis.md names every key that a run leaves in Redis, with its type and the life that it has.

const text = readFileSync(join(import.meta.dirname, '../../docs/redis.md'), 'utf8');
const rows = [...text.matchAll(/^\| `(daypass:[^`]+)` +\| (\w+) +\| .+? \| (.+?) +\|$/gm)].map(
  ([, key = '', type = '', life = '']) => ({
    key,
    form: new RegExp(`^${key.replaceAll(/\{(\w+)\}/g, '(?<$1>[^:]+)')}$`),
    type,
    life,
  }),
);
const rowOf = (key: string) => rows.filter(({ form }) => form.test(key));

/** Seconds; for limits it depends on the length of the window, which the key says. */
function lifeOf(key: string): number {
  const [row] = rowOf(key);
  const [, more] = /^2 × seconds \+ (\d+)$/.exec(row?.life ?? '') ?? [];
  const seconds = Number(row?.form.exec(key)?.groups?.seconds);
  return more === undefined ? Number(row?.life) : 2 * seconds + Number(more);
}

interface Found {
  key: string;
  type: string;
  ttlSeconds: number;
  value: string;
}

/** Everything that writes to Redis, once. */
async function runAll(stack: BrokerStack): Promise<void> {
  const gate = await startGateStack({ redis: stack.redis });
  const guard = await startGuardStack({ redis: stack.redis });
  await stack.request('/session/status');
  const exchanged = await stack.exchange(await stack.identityToken());
  const { access_token: token } = (await exchanged.json()) as { access_token: string };
  await gate.request('/api/hello', { headers: { authorization: `Bearer ${token}` } });
  await gate.request('/api/hello');
  await gate.counters.flush();
  await stack.postForm('/session/revoke', { token });
  await guard.request('/signup', signUpOf('0@visitor.invalid'));
  const redis = patient(stack.redis);
  await createUsedProofs(redis, stack.broker.privateKeys.hashIdentifier, () => Date.now()).use(
    'a proof',
    'a user',
    300,
  );
  await createSweepCursor(redis).save('filtered.3170.');
  await gate.close();
  await guard.close();
}

describe('after a run', () => {
  let stack: BrokerStack;
  let found: Found[];
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2027, 0, 15, 8) });
    stack = await startBrokerStack();
    await runAll(stack);
    const keys = (await command(stack.redis, 'KEYS', '*')) as string[];
    found = await Promise.all(
      keys.map(async (key) => {
        const type = String(await command(stack.redis, 'TYPE', key));
        const read = type === 'hash' ? ['HGETALL', key] : ['GET', key];
        return {
          key,
          type,
          ttlSeconds: Number(await command(stack.redis, 'PTTL', key)) / 1000,
          value: JSON.stringify(await command(stack.redis, ...read)),
        };
      }),
    );
  });
  afterAll(async () => {
    await stack.close();
    vi.useRealTimers();
  });

  test('each key is in one row, with its type', () => {
    expect(found.length).toBeGreaterThan(8);
    for (const { key, type } of found)
      expect([key, ...rowOf(key).map((row) => row.type)]).toEqual([key, type]);
  });

  test('each row has a key', () => {
    expect(rows.filter(({ form }) => !found.some(({ key }) => form.test(key)))).toEqual([]);
  });

  test('no key lives longer than its row says', () => {
    for (const { key, ttlSeconds } of found) {
      expect(ttlSeconds, key).toBeGreaterThan(0);
      expect(ttlSeconds, key).toBeLessThanOrEqual(lifeOf(key));
    }
  });

  test('neither key nor value holds an address, an e-mail or a token', () => {
    const all = found.map(({ key, value }) => `${key} ${value}`).join('\n');
    expect(all).not.toMatch(/anon_|@|eyJ/);
    expect(all).not.toContain(callerAddress);
  });
});
