import { expect, test } from 'vitest';
import { PageSize } from '../../../src/broker/sweep/pageSize.ts';
import { fc } from '../../support/property.ts';

const count = (most: number) => fc.integer({ min: 0, max: most });

/** A size that has learnt to ask for so many at once. */
function sizeOf(perPage: number): PageSize {
  const size = new PageSize(perPage);
  for (let times = 0; times < 10; times += 1) size.wentWell(1);
  return size;
}

/** How many users a page of so many shows from a position on. */
function usefulOf(perPage: number, position: number): number {
  return perPage - (position % perPage);
}

test('every page holds its position, and no page of as many users at most shows more from there on', () => {
  fc.assert(
    fc.property(count(5000), count(2000), (position, most) => {
      const { page, perPage, start } = sizeOf(most + 1).pageAt(position);
      expect(start).toBe((page - 1) * perPage);
      expect(start).toBeLessThanOrEqual(position);
      expect(perPage).toBeLessThanOrEqual(most + 1);
      const sizes = Array.from({ length: most + 1 }, (_, index) => index + 1);
      expect(start + perPage - position).toBe(Math.max(...sizes.map((size) => usefulOf(size, position))));
    }),
  );
});

test('no page begins before a user who cannot be read', () => {
  fc.assert(
    fc.property(count(5000), count(100), (unreadAt, further) => {
      const size = sizeOf(2000);
      size.wentWrong({ page: unreadAt + 1, perPage: 1, start: unreadAt }, unreadAt, 1);
      const position = unreadAt + 1 + further;
      const { start, perPage } = size.pageAt(position);
      expect(start).toBeGreaterThan(unreadAt);
      expect([start <= position, start + perPage > position]).toEqual([true, true]);
    }),
  );
});

test('a page that fails is halved down to one user, who is passed', () => {
  const size = new PageSize(2000);
  const pages: number[] = [];
  for (let passed = false; !passed; ) {
    const page = size.pageAt(0);
    pages.push(page.perPage);
    passed = size.wentWrong(page, 0, 1);
  }
  expect(pages).toEqual([8, 4, 2, 1]);
});

test('one that Identity worked on for seconds is followed by one user alone', () => {
  const size = new PageSize(2000);
  expect(size.wentWrong(size.pageAt(0), 0, 4000)).toBe(false);
  expect(size.pageAt(0).perPage).toBe(1);
});

test('pages grow while they are quick, and shrink to what is done within the second', () => {
  const size = new PageSize(2000);
  size.wentWell(10);
  expect(size.pageAt(0).perPage).toBe(32);
  size.wentWell(350);
  expect(size.pageAt(0).perPage).toBe(64);
  size.wentWell(7000);
  expect(size.pageAt(0).perPage).toBe(6);
  size.wentWell(700_000);
  expect(size.pageAt(0).perPage).toBe(1);
});
