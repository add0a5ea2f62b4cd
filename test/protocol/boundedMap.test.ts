import { expect, test, vi } from 'vitest';
import { BoundedMap } from '../../src/protocol/boundedMap.ts';
import { fc } from '../support/property.ts';

test('the oldest entry goes when a new one finds no room', () => {
  const map = new BoundedMap<string, number>(2).set('a', 1).set('b', 2).set('c', 3);
  expect([...map]).toEqual([
    ['b', 2],
    ['c', 3],
  ]);
});

test('an entry that is there already displaces no other', () => {
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

test('it does not look for the oldest from the start each time', () => {
  const map = new BoundedMap<number, number>(100);
  const keys = vi.spyOn(map, 'keys');
  for (let key = 0; key < 10_000; key += 1) map.set(key, key);
  expect(keys).toHaveBeenCalledTimes(1);
  // As `leases` does, so that what is used stays: a new look for each hundred.
  for (let key = 10_000; key < 20_000; key += 1) {
    map.delete(key - 50);
    map.set(key - 50, key).set(key, key);
  }
  expect(keys).toHaveBeenCalledTimes(101);
});

test('whatever is set, deleted and cleared between, the oldest goes', () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('set'), key: fc.nat(12) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('delete'), key: fc.nat(12) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('clear'), key: fc.nat(12) }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 80 }), (most, steps) => {
      const map = new BoundedMap<number, number>(most);
      const model: number[] = [];
      for (const { do: what, key } of steps) {
        if (what === 'clear') {
          map.clear();
          model.length = 0;
        } else if (what === 'delete') {
          expect(map.delete(key)).toBe(model.includes(key));
          if (model.includes(key)) model.splice(model.indexOf(key), 1);
        } else {
          map.set(key, key);
          if (!model.includes(key)) {
            if (model.length === most) model.shift();
            model.push(key);
          }
        }
        expect([...map.keys()]).toEqual(model);
      }
    }),
  );
});
