// @vitest-environment happy-dom
import { expect, test } from 'vitest';
import { session } from './session.js';

test('a module makes its session, attaches it, and a call of the page is answered', async () => {
  const obtained = [];
  session.on('obtained', ({ token_type }) => obtained.push(token_type));
  const response = await fetch('/api/hello');
  expect([response.status, await response.json()]).toMatchObject([200, { message: 'Hello, visitor.' }]);
  expect(obtained).toEqual(['Bearer']);
});

test('a call by XMLHttpRequest, as axios makes it, is answered', async () => {
  const request = new XMLHttpRequest();
  request.open('GET', '/api/hello');
  await new Promise((resolve) => {
    request.onloadend = resolve;
    request.send();
  });
  expect([request.status, JSON.parse(request.responseText)]).toMatchObject([
    200,
    { message: 'Hello, visitor.' },
  ]);
});
