import { expect, test } from 'vitest';
import { Account } from '../../src/limits/account.ts';
import type { Meter } from '../../src/limits/meter.ts';

const meter: Meter = {
  name: 'session',
  key: 'session',
  limit: 10,
  windowSeconds: 60,
  algorithm: 'fixed-window',
};
const inWindow = (index: number) => index * 60_000 + 1;

/** An account that was granted so many units of the window beyond the one that its call needed. */
function granted(window: number, extra: number): Account {
  const account = new Account('session:somebody', meter);
  const request = account.request(1, 0, inWindow(window), true);
  account.apply(request, { granted: 1 + extra, current: 1 + extra, previous: 0 }, true);
  return account;
}

test('units in hand are spent in their own window, also by a clock that is set back', () => {
  const account = granted(5, 3);
  expect(account.has(3, inWindow(5))).toBe(true);
  expect(account.has(4, inWindow(5))).toBe(false);
  expect(account.has(1, inWindow(4))).toBe(false);
  expect(account.has(1, inWindow(6))).toBe(false);
});

test('a call that does not pass gives back what was reserved for it', () => {
  const account = granted(5, 3);
  const request = account.request(5, 0, inWindow(5), true);
  expect([request.held, request.need]).toEqual([3, 2]);
  expect(account.has(1, inWindow(5))).toBe(false);
  account.release(request);
  expect(account.has(3, inWindow(5))).toBe(true);
});
