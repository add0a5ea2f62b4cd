import { expect, test } from 'vitest';
import { readPrice } from '../../src/limits/price.ts';

test.each([
  ['70', 70],
  ['1', 1],
  ['0', 1],
  ['007', 7],
  ['9'.repeat(20), 1_000_000_000],
  // Fields of one name reach us joined: of the prices the largest counts, and what is none takes nothing off it.
  ['5, 5', 5],
  ['5, 7', 7],
  ['7,5', 7],
  ['many, 5', 5],
  [' 5 ,\t3', 5],
  [', 5', 5],
])('a price of "%s" is %i', (text, price) => {
  expect(readPrice(text)).toBe(price);
});

test.each([null, undefined, '', ' ', ',', 'many', '-5', '5.5', '5 7', '1e3', '0x10', '5;unit=s', '٥'])(
  'a price of "%s" costs 1',
  (price) => {
    expect(readPrice(price)).toBe(1);
  },
);
