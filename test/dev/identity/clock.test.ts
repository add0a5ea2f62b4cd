import { expect, test } from 'vitest';
import { createClock, storedTime } from '../../../dev/identity/clock.ts';

const frozenMilliseconds = Date.UTC(2026, 10, 21, 3, 7, 7, 565);
const second = '2026-11-21T03:07:07';

test('writes microseconds and nanoseconds, zeros at the end cut', () => {
  const clock = createClock(() => frozenMilliseconds);
  expect(clock.microTime()).toMatch(new RegExp(`^${second}\\.565\\d{0,3}Z$`));
  const nano = Array.from({ length: 50 }, () => clock.nanoTime());
  expect(nano.every((time) => time.startsWith(`${second}.56`))).toBe(true);
  expect(nano.some((time) => /\.\d{9}Z$/.test(time))).toBe(true);
  expect(nano.every((time) => /\.\d*[1-9]Z$/.test(time))).toBe(true);
});

test('goes forward within a millisecond', () => {
  const clock = createClock(() => frozenMilliseconds);
  const times = Array.from({ length: 100 }, () => Date.parse(clock.microTime()));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test('follows a clock that is set back', () => {
  let nowMilliseconds = frozenMilliseconds;
  const clock = createClock(() => nowMilliseconds);
  clock.nanoTime();
  nowMilliseconds -= 3_600_000;
  expect(clock.nanoTime()).toMatch(/^2026-11-21T02:07:07\.565/);
  expect(clock.seconds()).toBe(Math.floor(nowMilliseconds / 1000));
});

test('cuts a stored time at the second', () => {
  expect(storedTime('2026-11-21T03:07:07.999999Z')).toBe('2026-11-21T03:07:07Z');
  expect(storedTime('2026-11-21T03:07:07Z')).toBe('2026-11-21T03:07:07Z');
});
