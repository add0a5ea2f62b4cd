import { expect, test } from 'vitest';
import { answerText, requestText } from '../../../../demo/site/lab/labPanel.ts';

const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm9uIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

test('a request shows its line, its fields and its form, and no token whole', () => {
  const request = {
    method: 'POST',
    path: '/session/token',
    headers: { Authorization: `Bearer ${token}` },
    form: { grant_type: 'g', subject_token: token },
  };
  expect(requestText({ request })).toBe(
    'POST /session/token\nAuthorization: Bearer eyJhbGciOi…b2tlbg\n\ngrant_type=g\nsubject_token=eyJhbGciOi…b2tlbg',
  );
});

test('an answer shows status, challenge, wait and code', () => {
  const headers = new Headers({
    'www-authenticate': 'Bearer',
    'retry-after': '7',
    'content-type': 'x',
    date: 'y',
  });
  const body = {
    code: 'rate_limited',
    detail: 'Wait.',
    status: 429,
    title: 'Too Many Requests',
  };
  expect(answerText({ answer: { status: 429, headers, body, milliseconds: 3 } })).toBe(
    '429 Too Many Requests, 3.0 ms\nWWW-Authenticate: Bearer\nRetry-After: 7\n\ncode: rate_limited\ndetail: Wait.',
  );
});

test('an answer that is no JSON, or never came, is shown as what it is', () => {
  const answer = {
    status: 418,
    headers: new Headers(),
    body: undefined,
    milliseconds: 12,
  };
  expect(answerText({ answer })).toBe('418, 12 ms');
  expect(answerText({ answer: { ...answer, status: 0 } })).toBe('No answer came.');
});
