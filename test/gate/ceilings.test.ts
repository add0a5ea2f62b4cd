import { beforeEach, expect, test } from 'vitest';
import { createCeilings } from '../../src/gate/checkSession.ts';
import type { Decision } from '../../src/limits/decision.ts';
import { uncounted } from '../support/gateParts.ts';

const told: string[] = [];
let watch: ReturnType<typeof createCeilings>;
beforeEach(() => {
  told.length = 0;
  watch = createCeilings(uncounted, (event, fields) => told.push(`${event} ${fields?.ceiling}`));
});

/** @param remaining below 0: refused */
function see(remaining: number, name = 'total'): void {
  const allowed = remaining >= 0;
  const decision: Decision = {
    name,
    allowed,
    limit: 100,
    windowSeconds: 60,
    remaining: Math.max(0, remaining),
    resetSeconds: 9,
  };
  watch([decision], '/api/*');
}

test('a ceiling is told of once when a fifth is left, and once when it is closed', () => {
  for (const remaining of [50, 21, 20, 19, 0, -1, -1]) see(remaining);
  expect(told).toEqual(['ceiling_near total', 'ceiling_reached total']);
});

test('a window that slides opens a closed one a little: that is no news until it is wide open', () => {
  for (const remaining of [-1, 1, -1, 5]) see(remaining);
  expect(told).toEqual(['ceiling_reached total']);
  see(60);
  see(10);
  expect(told).toEqual(['ceiling_reached total', 'ceiling_near total']);
});

test('each ceiling is told of by itself, and no other limit is', () => {
  see(5, 'total');
  see(5, 'total /api/chat');
  see(5, 'total-86400');
  see(-1, 'session');
  see(-1, 'totally');
  expect(told).toEqual(['ceiling_near total', 'ceiling_near total /api/chat', 'ceiling_near total-86400']);
});
