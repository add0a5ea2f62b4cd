import { expect, expectTypeOf, test } from 'vitest';
import type { LimitsState as LabLimitsState } from '../../../../demo/lab/limits.ts';
import { answersInWords } from '../../../../demo/site/lab/calls.ts';
import { createLabKit } from '../../../../demo/site/lab/kit.ts';
import {
  callUntilClosed,
  fieldsOf,
  type LimitsState,
  saidOf,
  tripsInWords,
} from '../../../../demo/site/pressure/ceilingPanel.ts';
import { sweepInWords } from '../../../../demo/site/pressure/orphanPanel.ts';
import { fieldsInWords } from '../../../../demo/site/pressure/redisPanel.ts';
import { difference, type StackPositions, type StackState } from '../../../../demo/site/pressure/stack.ts';
import { triesOf } from '../../../../demo/site/pressure/visitor.ts';
import type { Exchange } from '../../../../demo/site/wire/exchange.ts';
import type { StackChanges } from '../../../../demo/stack/control.ts';
import type { LabState } from '../../../../demo/stack/watchIdentity.ts';
import { openSite, refusal } from '../lab/openSite.ts';

function answered(status: number, body?: unknown, headers: Record<string, string> = {}): Exchange {
  const request = { method: 'GET', path: '/api/hello', headers: {} };
  return { request, answer: { status, headers: new Headers(headers), body, milliseconds: 1 } };
}

test('calls are summed up by status and code', () => {
  const limited = answered(429, { code: 'rate_limited' });
  expect(answersInWords([answered(200), answered(200, { you: 'x' }), limited, answered(0)])).toBe(
    '4 calls: 2 answered 200, 1 answered 429 rate_limited, 1 answered not at all.',
  );
});

test.each([
  [{ ratelimit: '"session";r=56;t=60, "address";r=596;t=60' }, 'RateLimit: session 56, address 596 left'],
  [{ ratelimit: '"session";r=0;t=9', 'retry-after': '9' }, 'RateLimit: session 0 left; Retry-After: 9'],
  [{ 'retry-after': '1' }, 'Retry-After: 1'],
  [{}, ''],
])('the fields %j are “%s”', (headers, words) => {
  expect(fieldsInWords(answered(200, undefined, headers as Record<string, string>))).toBe(words);
});

test('a sweep names what is out of the ordinary only when it is', () => {
  const swept = { seen: 3, deleted: 1, gone: 0, kept: 2, failed: 0, unread: 0, done: true, note: '' };
  expect(sweepInWords(swept)).toBe('3 seen, 1 deleted, 2 kept');
  expect(sweepInWords({ ...swept, gone: 1, failed: 2, done: false })).toBe(
    '3 seen, 1 deleted, 2 kept, 1 already gone, 2 not deleted now, more to see',
  );
});

test('the tries of a proof of work are those up to its solution', () => {
  expect(triesOf(btoa(JSON.stringify({ challenge: {}, solution: { counter: 0 } })))).toBe(1);
  expect(triesOf(btoa(JSON.stringify({ challenge: {}, solution: { counter: 1203 } })))).toBe(1204);
});

test.each(['XXXX.DUMMY.TOKEN.XXXX', btoa('null'), btoa(JSON.stringify({ solution: { counter: 'many' } }))])(
  'the proof %s has no tries',
  (proof) => expect(triesOf(proof)).toBeUndefined(),
);

test('only the switches that stand elsewhere are turned', () => {
  const found: StackPositions = {
    admission: 'off',
    mode: 'enforce',
    storeFailure: 'local',
    redis: 'running',
  };
  expect(difference(found, found)).toEqual({});
  expect(difference({ ...found, mode: 'monitor', redis: 'stopped' }, found)).toEqual({
    mode: 'enforce',
    redis: 'running',
  });
});

// Checked by `tsc`: the page, which may not import the dev stack, says the same of it.
test('the page and the dev stack mean the same by a stack’s state, its changes and its limits', () => {
  expectTypeOf<LimitsState>().toEqualTypeOf<LabLimitsState>();
  expectTypeOf<StackState>().toEqualTypeOf<LabState>();
  expectTypeOf<Partial<StackPositions>>().toEqualTypeOf<StackChanges>();
});

test('calls until a ceiling is closed take turns with the passes, and count what was granted', async () => {
  const tokens: string[] = [];
  const { send } = openSite((_, path, { headers }) => {
    if (path !== '/api/quote') return undefined;
    tokens.push(headers?.Authorization ?? '');
    return tokens.length > 10 ? refusal(429, 'rate_limited') : undefined;
  });
  const told: string[] = [];
  const ceiling = { path: '/api/quote', cost: 2, limit: 20 };
  const run = await callUntilClosed(ceiling, createLabKit(send), ['one', 'two'], async (soFar) => {
    told.push(`${soFar.granted} ${soFar.refused} ${soFar.spent}`);
  });
  expect(told).toEqual(['4 0 8', '8 0 16', '10 2 20', '10 6 20', '10 8 20']);
  expect(run.last?.answer.status).toBe(429);
  expect(tokens.slice(0, 3)).toEqual(['Bearer one', 'Bearer two', 'Bearer one']);
});

test.each([
  [{ granted: 48, refused: 0 }, undefined, 'Every call was granted: the ceiling did not close.'],
  [{ granted: 40, refused: 8 }, 429, 'The ceiling closed: 429 c. The next call may pass in 9 seconds.'],
  [
    { granted: 0, refused: 8 },
    429,
    'The ceiling was closed already: 429 c. The next call may pass in 9 seconds.',
  ],
  [{ granted: 0, refused: 8 }, 503, 'Refused, but not by the ceiling: 503 c.'],
])('a run of %j that ends with %s says “%s”', (counts, status, words) => {
  const last = status === undefined ? undefined : answered(status, { code: 'c' }, { 'retry-after': '9' });
  expect(saidOf({ ...counts, spent: 0, last })).toBe(words);
});

test('round trips are those since the run began, and none where nobody counts', () => {
  expect(tripsInWords(30, 12, 48)).toBe('18 for 48 calls, 0.38 a call');
  expect(tripsInWords(null, null, 48)).toBe('not counted: this Redis is not the stack’s own');
});

test('the fields of an answer that speak of limits are shown as they came', () => {
  const headers = { ratelimit: '"total /api/quote";r=0;t=9', 'retry-after': '9', 'x-other': 'y' };
  expect(fieldsOf(answered(429, undefined, headers))).toBe(
    'HTTP 429\nRateLimit: "total /api/quote";r=0;t=9\nRetry-After: 9',
  );
});
