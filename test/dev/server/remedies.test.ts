import { expect, test } from 'vitest';
import { remedies } from '../../../dev/server/remedies.ts';
import { codes } from '../../../src/protocol/codes.ts';

test('each remedy is for a code that there is; no code of an access token lacks one', () => {
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(Object.keys(remedies)));
  const ofTokens = Object.keys(codes).filter((code) => /^(token|session|upstream)_/.test(code));
  expect(Object.keys(remedies)).toEqual(expect.arrayContaining(ofTokens));
  expect(ofTokens.length).toBeGreaterThan(10);
});
