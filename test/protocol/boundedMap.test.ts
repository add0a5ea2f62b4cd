import { expect, test } from 'vitest';
import { BoundedMap } from '../../src/protocol/boundedMap.ts';

test('the oldest entry goes when a new one finds no room', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('c', 3);
  expect([...map]).toEqual([
    ['b', 2],
    ['c', 3],
  ]);
});

test('an entry that is there already displaces nobody', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('a', 3);
  expect([...map]).toEqual([
    ['a', 3],
    ['b', 2],
  ]);
});

test('a million entries take no more room than the bound', () => {
  const map = new BoundedMap<number, number>(100);
  for (let key = 0; key < 1_000_000; key += 1) map.set(key, key);
  expect(map.size).toBe(100);
  expect(map.has(999_999)).toBe(true);
});
