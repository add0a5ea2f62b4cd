import { expect, test } from 'vitest';
import { limitsInWords, parseLimits } from '../../../../demo/site/words/rateLimit.ts';
import { rateLimitFields } from '../../../../src/limits/fields.ts';

const decisions = [
  {
    name: 'session',
    allowed: true,
    limit: 60,
    windowSeconds: 60,
    remaining: 57,
    resetSeconds: 42,
  },
  {
    name: 'address',
    allowed: true,
    limit: 600,
    windowSeconds: 60,
    remaining: 590,
    resetSeconds: 1,
  },
] as const;

test('reads the fields that the gate writes', () => {
  const fields = rateLimitFields(decisions);
  expect(parseLimits(fields.ratelimit ?? null)).toEqual([
    { name: 'session', parameters: { r: 57, t: 42 } },
    { name: 'address', parameters: { r: 590, t: 1 } },
  ]);
  expect(limitsInWords(new Headers(fields))).toEqual([
    'This session: 57 of 60 calls left in 1 minute; the window ends in 42 seconds.',
    'This network address: 590 of 600 calls left in 1 minute; the window ends in 1 second.',
  ]);
});

test('says what it knows when a field is missing or of another server', () => {
  expect(limitsInWords(new Headers())).toEqual([]);
  expect(parseLimits('limit=100, remaining=5')).toEqual([]);
  expect(limitsInWords(new Headers({ ratelimit: '"burst" ; r=3' }))).toEqual([
    'Limit “burst”: 3 calls left.',
  ]);
});
