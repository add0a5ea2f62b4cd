import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createAddressLimiters } from '../../src/limits/limiter.ts';
import { createLocalLimiters } from '../../src/limits/localLimiter.ts';
import { defaultLimits } from '../../src/policy/defaults.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { Limit } from '../../src/policy/types.ts';

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
  const { leaseSeconds: _leaseSeconds, ...limits } = defaultLimits;
  const defaults = Object.entries<Limit>(limits).map(([name, limit]) => [name, inWords(limit)]);
  expect(rows.map(({ name, limit }) => [name, limit])).toEqual(defaults);
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
