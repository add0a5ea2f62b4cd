import { expect, test } from 'vitest';
import { count, formatDuration, formatTime, formatUtc, list } from '../../cli/words.ts';

test.each([
  [0, '0 seconds'],
  [0.4, '0 seconds'],
  [1, '1 second'],
  [60, '1 minute'],
  [3960, '1 hour 6 minutes'],
  [3601, '1 hour'],
  [90_061, '1 day 1 hour'],
  [-120, '2 minutes'],
])('%d seconds are %s', (seconds, words) => {
  expect(formatDuration(seconds)).toBe(words);
});

test('a time lies ahead, behind, or is now', () => {
  expect(formatTime(1_800_000_060, 1_800_000_000)).toBe('in 1 minute (2027-01-15 08:01:00 UTC)');
  expect(formatTime(1_799_999_940, 1_800_000_000)).toBe('1 minute ago (2027-01-15 07:59:00 UTC)');
  expect(formatTime(1_800_000_000, 1_800_000_000)).toBe('now (2027-01-15 08:00:00 UTC)');
  expect(formatUtc(1e15)).toBe('no time that a calendar has');
});

test('lists and numbers read as a sentence', () => {
  expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
  expect([count(1, 'mistake'), count(2, 'mistake')]).toEqual(['1 mistake', '2 mistakes']);
});
