import { expect, test } from 'vitest';
import { codes } from '../../src/protocol/codes.ts';

test.each(Object.entries(codes))('%s is worded as RFC 6749 §5.2 allows', (code, row) => {
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(row.description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  expect(row.status).toBeGreaterThanOrEqual(400);
});

test('all refusals of an access token read alike', () => {
  const rows = Object.entries(codes).filter(([, row]) => row.status === 401 && 'tokenFault' in row);
  expect(new Set(rows.map(([, row]) => JSON.stringify({ ...row, reason: undefined }))).size).toBe(1);
});
