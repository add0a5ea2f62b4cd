import { expect, test } from 'vitest';
import {
  clock,
  durationInWords,
  limitsInWords,
  milliseconds,
  parseLimits,
  shortenName,
  shortenTokens,
} from '../../../demo/site/words.ts';
import { rateLimitFields } from '../../../src/limits/meter.ts';

test.each([
  [-5, '0 seconds'],
  [0.9, '0 seconds'],
  [1, '1 second'],
  [59.9, '59 seconds'],
  [60, '1 minute'],
  [271, '4 minutes 31 seconds'],
  [3600, '1 hour'],
  [3601, '1 hour'],
  [43_199, '11 hours 59 minutes'],
  [86_400 + 7200, '1 day 2 hours'],
])('%d s is %s', (seconds, words) => expect(durationInWords(seconds)).toBe(words));

test.each([
  [-1, '0:00'],
  [9.99, '0:09'],
  [271, '4:31'],
  [3729, '1:02:09'],
])('a clock with %d s left shows %s', (seconds, shown) => expect(clock(seconds)).toBe(shown));

test.each([
  [0.84, '0.8 ms'],
  [9.94, '9.9 ms'],
  [9.96, '10 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [1240, '1.2 s'],
])('%d ms is written %s', (value, words) => expect(milliseconds(value)).toBe(words));

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm9uIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

test('no token is shown whole, wherever it stands', () => {
  const text = `Authorization: Bearer ${token}\nsubject_token=${token}`;
  const short = shortenTokens(text);
  expect(short).toBe('Authorization: Bearer eyJhbGciOi…b2tlbg\nsubject_token=eyJhbGciOi…b2tlbg');
  expect(short).not.toContain('eyJzdWIi');
});

test('an empty signature shows as one', () => {
  expect(shortenTokens('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm9uIn0.')).toBe('eyJhbGciOi….');
});

test('what is no token stays as it is', () => {
  expect(shortenTokens('Authorization: Bearer nonsense')).toBe('Authorization: Bearer nonsense');
});

test.each([
  ['anon_0123456789abcdefghijkl', 'anon_0123456…'],
  ['mZ9hYv1Tn0aQbLr5c2dEfg@visitor.invalid', 'mZ9hYv1Tn0aQ…@visitor.invalid'],
  ['ada@example.com', 'ada@example.com'],
])('%s becomes %s', (name, short) => expect(shortenName(name)).toBe(short));

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
    'This IP address: 590 of 600 calls left in 1 minute; the window ends in 1 second.',
  ]);
});

test('says what it knows when a field is missing or of another server', () => {
  expect(limitsInWords(new Headers())).toEqual([]);
  expect(parseLimits('limit=100, remaining=5')).toEqual([]);
  expect(limitsInWords(new Headers({ ratelimit: '"burst" ; r=3' }))).toEqual([
    'Limit “burst”: 3 calls left.',
  ]);
});
