import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSessionCheck } from '../../src/gate/checkSession.ts';
import { hashBuckets } from '../../src/limits/address.ts';
import { createMemoryLeases } from '../../src/limits/leases.ts';
import { consumeAddress, createAddressLimiters } from '../../src/limits/limiter.ts';
import { createLocalLimiters } from '../../src/limits/localLimiter.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { Limit, Policy, PolicyInput } from '../../src/policy/types.ts';
import { createStoreClock } from '../../src/store/clocks.ts';
import { type DocsProject, openDocs } from './project.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8');
const rows = [...text.matchAll(/^\| `(\w+)` +\|(.+?)\|(.+?)\|(.+?)\|$/gm)].map(
  ([, name = '', counts = '', limit = '', reason = '']) => ({
    name,
    counts: counts.trim(),
    limit: limit.trim(),
    reason: reason.trim(),
  }),
);

/** A limit as the table writes it. */
function inWords({ limit, windowSeconds, algorithm }: Limit): string {
  const number = limit < 10_000 ? `${limit}` : `${limit}`.replace(/(?=(\d{3})+$)/g, ' ').trim();
  return `${number} in ${windowSeconds} s${algorithm === 'fixed-window' ? ', windows of the clock' : ''}`;
}

test('the table has every limit of the policy, and no other, each with its default', () => {
  const { leaseSeconds, ...limits } = defaultLimits;
  const defaults = Object.entries<Limit>(limits).map(([name, limit]) => [name, inWords(limit)]);
  expect(rows.map(({ name, limit }) => [name, limit])).toEqual([
    ...defaults,
    ['total', 'none'],
    ['leaseSeconds', `${leaseSeconds} s`],
  ]);
});

test('each says what it counts and why it is that number', () => {
  expect(rows.filter(({ counts, reason }) => counts.length < 10 || reason.length < 20)).toEqual([]);
});

test('the table tells what a /48 gets', () => {
  const created: number[] = [];
  createAddressLimiters(
    (name, windows) => {
      created.push(...windows.map(({ limit }) => limit));
      return createLocalLimiters(() => Date.now())(name, windows);
    },
    'any',
    [{ limit: 7, windowSeconds: 60, algorithm: 'sliding-window' }],
  );
  expect(created).toEqual([7, 70]);
  expect(text).toContain('a /48 gets ten times the limit of an address');
  expect(defaultLimits.network.limit).toBe(10 * defaultLimits.address.limit);
});

test('the numbers hold what their reasons say', () => {
  const { address, network, session, site, exchange, signup, exchangeRefused, revoke, challenge } =
    defaultLimits;
  const hall = 300;
  // Hosted Identity lets one caller log in so often in 5 minutes.
  const logIns = 30;
  expect(address.limit / session.limit).toBeGreaterThanOrEqual(100);
  expect(network.limit / session.limit).toBeGreaterThanOrEqual(1000);
  expect(200 * logIns).toBeLessThan((site.limit * 3) / 4);
  for (const limit of [exchange, signup]) expect(limit.limit).toBeGreaterThanOrEqual(hall);
  for (const free of [exchangeRefused, revoke, challenge]) {
    expect(free).toMatchObject({ windowSeconds: 5, algorithm: 'fixed-window' });
    expect(free.limit).toBeGreaterThanOrEqual(2 * hall);
  }
});

test('the table of request bodies has the defaults of the policy', () => {
  const { upstream, requestBody } = definePolicy();
  const mebibyte = 1024 * 1024;
  for (const words of [
    `\`upstream.maxBodyBytes\`, ${upstream.maxBodyBytes / mebibyte} MiB`,
    `\`requestBody.timeoutSeconds\`, ${requestBody.timeoutSeconds} `,
    `\`requestBody.bufferBytes\`, ${requestBody.bufferBytes / mebibyte} MiB`,
  ]) {
    expect(text).toContain(words);
  }
});

describe('the recipes', () => {
  let docs: DocsProject;
  beforeAll(async () => {
    docs = await openDocs('limits.md');
  });
  afterAll(() => docs.close());

  test('compile, strictly, against what the package exports', async () => {
    expect(docs.blocks).not.toEqual([]);
    expect(await docs.compile()).toBe('');
  });

  /** The policy of the block that holds a text. */
  function policyWith(part: string): Policy {
    const code = docs.blocks.find((block) => block.includes(part));
    const [, literal] = /^export default definePolicy\(([\s\S]*)\);$/m.exec(code ?? '') ?? [];
    return definePolicy(JSON.parse(JSON.stringify(runInNewContext(`(${literal})`, {}))) as PolicyInput);
  }

  /** The gate's limits of a policy, on one instance, at a time that goes on when it is told to. */
  function open(policy: Policy) {
    const clock = { wall: 1_800_000_000_000, steady: 0 };
    const checkSession = createSessionCheck({
      policy,
      hashIdentifier: async (identifier) => identifier,
      revocations: undefined,
      leases: createMemoryLeases(createStoreClock(() => ({ ...clock }))),
      circuit: { run: (call) => call() },
      counters: { add: () => undefined },
      log: () => undefined,
    });
    return {
      advance(milliseconds: number) {
        clock.wall += milliseconds;
        clock.steady += milliseconds;
      },
      /** How many calls of a session pass, and what charges the last of them. */
      async calls(times: number, session: string, address: string, path: string) {
        const route = policy.routes.find((each) => each.path === path);
        let [passed, charge] = [0, (_: number): void => undefined];
        for (let call = 0; call < times; call += 1) {
          const admitted = await checkSession(session, address, route).catch(() => undefined);
          if (admitted) [passed, charge] = [passed + 1, admitted.charge];
        }
        return { passed, charge };
      },
    };
  }
  const addressOf = (index: number) => `198.51.${index >> 8}.${index & 255}`;

  test('a chat endpoint: 20 a day for each visitor, 200 for an address, 5000 an hour for all', async () => {
    const gate = open(policyWith("path: '/api/chat'"));
    expect((await gate.calls(25, 'one', addressOf(0), '/api/chat')).passed).toBe(20);
    let ofAddress = 20;
    for (let session = 0; session < 12; session += 1)
      ofAddress += (await gate.calls(20, `new ${session}`, addressOf(0), '/api/chat')).passed;
    expect(ofAddress).toBe(200);
    let ofAll = ofAddress;
    for (let visitor = 1; visitor <= 300; visitor += 1)
      ofAll += (await gate.calls(20, `visitor ${visitor}`, addressOf(visitor), '/api/chat')).passed;
    expect(ofAll).toBe(5000);
    expect((await gate.calls(5, 'visitor 299', addressOf(299), '/api/*')).passed).toBe(5);
    gate.advance(2 * 3600 * 1000);
    expect((await gate.calls(25, 'visitor 300', addressOf(300), '/api/chat')).passed).toBe(20);
    expect((await gate.calls(1, 'visitor 1', addressOf(1), '/api/chat')).passed).toBe(0);
  });

  test('a budget of tokens: what the answer costs is charged, and uses up no more of the site than its budget', async () => {
    const gate = open(policyWith("answer: 'daypass-cost'"));
    for (let call = 0; call < 7; call += 1) {
      const { passed, charge } = await gate.calls(1, 'one', addressOf(1), '/api/complete');
      expect(passed).toBe(1);
      charge(8000);
      gate.advance(120_000);
    }
    // 56 000 of 50 000.
    expect((await gate.calls(1, 'one', addressOf(1), '/api/complete')).passed).toBe(0);
    expect((await gate.calls(200, 'one', addressOf(1), '/api/*')).passed).toBe(100);
  });

  test('a public search: 30 in ten seconds, and 600 in an hour', async () => {
    const gate = open(policyWith("path: '/api/search'"));
    expect((await gate.calls(40, 'one', addressOf(1), '/api/search')).passed).toBe(30);
    let passed = 30;
    for (let tens = 1; tens < 300; tens += 1) {
      gate.advance(10_000);
      passed += (await gate.calls(10, 'one', addressOf(1), '/api/search')).passed;
    }
    expect(passed).toBe(600);
  });

  test('a lecture hall: 600 sign up, begin and call 30 times within one minute, behind one address', async () => {
    const policy = policyWith('limit: 18_000');
    const gate = open(policy);
    for (const address of ['203.0.113.7', '2001:db8::1']) {
      for (let pupil = 0; pupil < 600; pupil += 1)
        expect((await gate.calls(30, `${address} ${pupil}`, address, '/api/*')).passed).toBe(30);
      expect((await gate.calls(1, `${address} late`, address, '/api/*')).passed).toBe(0);
    }
    const create = createLocalLimiters(() => 1_800_000_000_000);
    for (const name of ['signup', 'login', 'exchange'] as const) {
      const limiters = createAddressLimiters(create, name, policy.limits[name]);
      const buckets = await hashBuckets(async (identifier) => identifier, '203.0.113.7');
      for (let pupil = 0; pupil < 600; pupil += 1)
        expect((await consumeAddress(limiters, buckets)).every(({ allowed }) => allowed)).toBe(true);
    }
  });
});
