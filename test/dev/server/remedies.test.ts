import { expect, test } from 'vitest';
import { remedies } from '../../../dev/server/remedies.ts';
import { codes } from '../../../src/protocol/codes.ts';

test('each remedy is for a code that there is; no code of an access token lacks one', () => {
  expect(Object.keys(codes)).toEqual(expect.arrayContaining(Object.keys(remedies)));
  const ofTokens = Object.keys(codes).filter((code) => /^(token|session|upstream)_/.test(code));
  expect(Object.keys(remedies)).toEqual(expect.arrayContaining(ofTokens));
  expect(ofTokens.length).toBeGreaterThan(10);
});

test('a status that HTTP does not have is not taken for a wrong port, nor another secret for an earlier session', () => {
  const { upstream_unreachable, upstream_invalid_response, session_ended, session_unknown } = remedies;
  expect(upstream_unreachable).toContain('http rather than https');
  expect(upstream_invalid_response).toContain('outside 200 to 599');
  expect(session_ended).toContain('DAYPASS_SESSIONS_NOT_BEFORE');
  expect(session_unknown).toMatch(/^The session was begun with another DAYPASS_PRIVATE_SECRET\. /);
});
