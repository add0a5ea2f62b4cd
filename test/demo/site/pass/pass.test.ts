import { expect, test } from 'vitest';
import { nextState } from '../../../../demo/site/pass/pass.ts';

const now = 1_800_000_000;
const lifetimes = { expiresInSeconds: 300, sessionExpiresInSeconds: 43_200 };

function token(jti: string, sub = 'anon_a', iat = now) {
  return { header: {}, claims: { jti, sub, iat, exp: iat + 300 } };
}

test('a pass that came with its answer lives by the visitor’s clock', () => {
  // The broker's clock is an hour ahead.
  const state = nextState(undefined, token('1', 'anon_a', now + 3600), now, lifetimes);
  expect(state).toMatchObject({
    expiresAt: now + 300,
    sessionEndsAt: now + 43_200,
    renewedAt: [],
  });
});

test('a pass out of storage lives by its claims, and its session ends nobody knows when', () => {
  expect(nextState(undefined, token('1'), now + 10)).toMatchObject({
    expiresAt: now + 300,
    sessionEndsAt: undefined,
  });
});

test('the same pass again changes nothing, unless more is learnt of it', () => {
  const first = nextState(undefined, token('1'), now);
  expect(nextState(first, token('1'), now + 5)).toBe(first);
  expect(nextState(first, token('1'), now + 5, lifetimes)).toMatchObject({
    sessionEndsAt: now + 5 + 43_200,
    renewedAt: [],
  });
});

test('another pass of the same session is a renewal, of another session a start', () => {
  const first = nextState(undefined, token('1'), now, lifetimes);
  const second = nextState(first, token('2', 'anon_a', now + 200), now + 200, lifetimes);
  expect(second.renewedAt).toEqual([now + 200]);
  const third = nextState(second, token('3', 'anon_a', now + 300), now + 300);
  expect(third.renewedAt).toEqual([now + 200, now + 300]);
  expect(third.sessionEndsAt).toBe(second.sessionEndsAt);
  const other = nextState(third, token('4', 'anon_b', now + 400), now + 400);
  expect(other).toMatchObject({
    session: 'anon_b',
    renewedAt: [],
    sessionEndsAt: undefined,
  });
});
