import { expect, test } from 'vitest';
import { type Decision, enforce, rateLimitFields } from '../../src/limits/meter.ts';
import { DaypassError } from '../../src/protocol/error.ts';

const session: Decision = {
  name: 'session',
  allowed: true,
  limit: 60,
  windowSeconds: 60,
  remaining: 59,
  resetSeconds: 12,
};
const address: Decision = { ...session, name: 'address', limit: 600, remaining: 0, resetSeconds: 40 };

function refusal(decisions: readonly Decision[]): DaypassError {
  try {
    enforce(decisions);
  } catch (error) {
    if (error instanceof DaypassError) return error;
  }
  throw new Error('nothing was refused');
}

test('the fields list each limit as a string item with parameters, the one with the least left first', () => {
  expect(rateLimitFields([session, address])).toEqual({
    'ratelimit-policy': '"address";q=600;w=60, "session";q=60;w=60',
    ratelimit: '"address";r=0;t=40, "session";r=59;t=12',
  });
});

test('nothing happens while every limit allows, also with none left', () => {
  expect(() => enforce([session, address])).not.toThrow();
  expect(() => enforce([])).not.toThrow();
});

test('one limit that refuses is enough, and the fields tell of all', () => {
  const error = refusal([session, { ...address, allowed: false }]);
  expect(error).toMatchObject({ code: 'rate_limited', status: 429, retryAfterSeconds: 40 });
  expect(error.headers).toEqual(rateLimitFields([session, address]));
});

test('the wait is that of the last refusing window, not of one that allows', () => {
  const allowing = { ...session, name: 'network', resetSeconds: 3000 };
  const error = refusal([{ ...session, allowed: false }, { ...address, allowed: false }, allowing]);
  expect(error.retryAfterSeconds).toBe(40);
});
