import { expect } from 'vitest';

const skewMilliseconds = 120_000;
const expiry = /Expires=([^;]+);/;

/** The headers that a recording names, and the absence of a few that it would have named. */
export function compareHeaders(recorded: Record<string, string>, live: Headers): void {
  for (const [name, value] of Object.entries(recorded)) {
    if (name === 'set-cookie') compareCookie(value, live.get(name) ?? '');
    else expect(live.get(name), name).toBe(value);
  }
  for (const name of ['content-type', 'set-cookie', 'link', 'allow']) {
    if (!(name in recorded)) expect(live.get(name), name).toBeNull();
  }
}

function compareCookie(recorded: string, live: string): void {
  const expires = Date.parse(expiry.exec(live)?.[1] ?? '');
  expect(live.replace(expiry, '')).toBe(recorded.replace(expiry, ''));
  expect(Math.abs(expires - (Date.now() - 10 * 3600_000)), 'expired ten hours ago').toBeLessThan(
    skewMilliseconds,
  );
}

/**
 * The recorded headers of a list, as they would have been among as many users as the live server has: its
 * total, and the last page that follows from it.
 */
export function rebaseTotals(recorded: Record<string, string>, live: Headers, perPage: number) {
  const [was, is] = [recorded['x-total-count'], live.get('x-total-count')];
  if (was === undefined || is === null) return recorded;
  const last = (total: string) => Math.ceil(Number(total) / perPage);
  const link = recorded.link?.replace(
    new RegExp(`page=${last(was)}(?=&[^>]*>; rel="last")`),
    `page=${last(is)}`,
  );
  return { ...recorded, 'x-total-count': is, ...(link ? { link } : {}) };
}
