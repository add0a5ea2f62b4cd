import { expect, test } from 'vitest';
import { describeOutcome } from '../../../cli/event/describeOutcome.ts';
import { samplePayloads } from '../../../src/identity/samplePayloads.ts';

function outcomeOf(status: number, text: string, tookMilliseconds = 12.4) {
  return describeOutcome(samplePayloads.validate, { status, text, tookMilliseconds });
}

test.each([
  [200, ''],
  [202, '{}'],
  [204, ''],
  [200, 'null'],
  [200, '{"app_metadata":null,"webhook":1}'],
])('%i with %j is a yes that changes nothing', (status, text) => {
  expect(outcomeOf(status, text)).toEqual({
    accepted: true,
    lines: [`${status} after 12 ms: accepted`, 'app_metadata: unchanged', 'user_metadata: unchanged'],
  });
});

test('shows what becomes of the metadata, whatever the order of keys', () => {
  const reply = {
    app_metadata: { roles: ['member'], provider: 'email' },
    user_metadata: { proof: 'abc', full_name: 'No One' },
  };
  expect(outcomeOf(200, JSON.stringify(reply)).lines.slice(1)).toEqual([
    'app_metadata: {"provider":"email"} becomes {"roles":["member"],"provider":"email"}',
    'user_metadata: unchanged',
  ]);
});

test('points at a reply that drops the provider', () => {
  const { accepted, lines } = outcomeOf(200, '{"app_metadata":{"roles":["member"]}}');
  expect(accepted).toBe(true);
  expect(lines.at(-1)).toBe('The reply drops provider: GoTrue replaces app_metadata as a whole.');
});

test.each([
  [401, '', 12, 'refused; GoTrue tries three times, then answers 422.'],
  [201, '{}', 12, 'refused; GoTrue tries three times, then answers 422.'],
  [302, '', 12, 'refused'],
  [200, '{"app_metadata":', 12, 'not understood; GoTrue answers 500.'],
  [200, '{"app_metadata":[]}', 12, 'not understood'],
  [200, '[]', 12, 'not understood'],
  [204, '', 5001, 'too late; GoTrue waits 5 s, tries three times, then answers 504.'],
])('%i with %j after %i ms is a no', (status, text, tookMilliseconds, verdict) => {
  const { accepted, lines } = outcomeOf(status, text, tookMilliseconds);
  expect([accepted, lines[0]]).toEqual([false, expect.stringContaining(verdict)]);
  expect(lines.slice(1)).toEqual(text === '' ? [] : [text]);
});

test.each([
  ['modified', 401, '', 12, 'refused; GoTrue tries three times, then only logs it: the change is committed'],
  ['deleted', 500, '', 12, 'refused; GoTrue tries three times, then only logs it: the change is committed'],
  ['deleted', 204, '', 5001, 'too late; GoTrue waits 5 s, tries three times, then only logs it'],
  ['modified', 200, '[]', 12, 'not understood; GoTrue only logs it.'],
] as const)('%s has no veto: %i with %j after %i ms', (name, status, text, tookMilliseconds, verdict) => {
  const { accepted, lines } = describeOutcome(samplePayloads[name], { status, text, tookMilliseconds });
  expect([accepted, lines[0]]).toEqual([false, expect.stringContaining(verdict)]);
});

test('modified may still set metadata, deleted has none to set', () => {
  const answer = { status: 200, text: '{"user_metadata":{"from":"hook"}}', tookMilliseconds: 12 };
  expect(describeOutcome(samplePayloads.modified, answer).lines[2]).toMatch(/becomes {"from":"hook"}$/);
  expect(describeOutcome(samplePayloads.deleted, answer)).toEqual({
    accepted: true,
    lines: ['200 after 12 ms: accepted; the user is gone.'],
  });
});
