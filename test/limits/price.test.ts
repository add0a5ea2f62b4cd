import { expect, test } from 'vitest';
import { unitsToCharge } from '../../src/limits/price.ts';

// A call has cost 1 before its answer names the price.
test.each([
  ['70', 69],
  ['1', 0],
  ['0', 0],
  ['007', 6],
  ['9'.repeat(20), 999_999_999],
  // Fields of one name reach us joined: of the prices the largest counts, and what is none takes nothing off it.
  ['5, 5', 4],
  ['5, 7', 6],
  ['7,5', 6],
  ['many, 5', 4],
  [' 5 ,\t3', 4],
  [', 5', 4],
])('a price of "%s" charges %i more', (price, units) => {
  expect(unitsToCharge(price)).toBe(units);
});

test.each([null, undefined, '', ' ', ',', 'many', '-5', '5.5', '5 7', '1e3', '0x10', '5;unit=s', '٥'])(
  'a price of "%s" is no price',
  (price) => {
    expect(unitsToCharge(price)).toBe(0);
  },
);
