import { expect, test } from 'vitest';
import { clock, durationInWords, milliseconds } from '../../../../demo/site/words/duration.ts';

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
