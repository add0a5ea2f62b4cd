import { expect, test } from 'vitest';
import { describeRequest, stepOf } from '../../../../demo/site/wire/describeRequest.ts';
import { accessTokenType, jwtTokenType } from '../../../../src/protocol/messages.ts';

const request = { method: 'POST', path: '/session/token', headers: {} };

function answer(status: number, body?: unknown) {
  return { status, headers: new Headers(), body, milliseconds: 1 };
}

test.each([
  ['GET', '/session/challenge', undefined, 'challenge'],
  ['POST', '/.netlify/identity/signup', undefined, 'sign-up'],
  ['POST', '/.netlify/identity/token', undefined, 'log-in'],
  ['POST', '/session/token', { subject_token_type: jwtTokenType }, 'exchange'],
  ['POST', '/session/token', { subject_token_type: accessTokenType }, 'renewal'],
  ['GET', '/session/token', undefined, 'exchange'],
  ['POST', '/session/revoke', undefined, 'revocation'],
  ['GET', '/api/hello?x=1', undefined, 'call'],
  ['GET', '/session/status', undefined, 'other'],
  ['GET', '/apiary', undefined, 'other'],
])('%s %s is a %s', (method, path, form, step) => {
  expect(stepOf({ method, path, headers: {}, ...(form && { form }) })).toBe(step);
});

test('tells what a request is for until it is refused, and then why', () => {
  expect(describeRequest({ request })).toMatch(/^Exchanges that token/);
  expect(describeRequest({ request, answer: answer(200, {}) })).toMatch(/^Exchanges that token/);
  const broker = {
    error: 'invalid_request',
    error_description: 'Spent.',
    code: 'already_exchanged',
  };
  expect(describeRequest({ request, answer: answer(400, broker) })).toBe(
    'Refused. already_exchanged: Spent.',
  );
  const identity = { code: 422, msg: 'Failed to handle signup webhook' };
  expect(describeRequest({ request, answer: answer(422, identity) })).toBe(
    'Refused. Failed to handle signup webhook.',
  );
  expect(describeRequest({ request, answer: answer(502) })).toBe('Refused. The answer does not say why.');
  expect(describeRequest({ request, answer: answer(0) })).toBe('No answer came.');
});
