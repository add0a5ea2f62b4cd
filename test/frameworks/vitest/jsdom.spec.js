// @vitest-environment jsdom
import { createSession } from 'daypass';
import { expect, test } from 'vitest';
import './session.js';

const urlOf = (path) => new URL(path, location.href).href;

test('a module makes its session and attaches it, and a call of the page is covered', async () => {
  // It has a session that cannot reach Identity: jsdom's `fetch` is Node's, which knows no address of a page.
  await expect(fetch(urlOf('/api/hello'))).rejects.toMatchObject({
    name: 'SessionError',
    code: 'network_error',
    url: '/.netlify/identity/signup',
  });
});

test('with absolute addresses a call of the page is answered', async () => {
  const session = createSession({ identityUrl: urlOf('/.netlify/identity'), brokerUrl: urlOf('/session') });
  session.attach(['/api/']);
  const response = await fetch(urlOf('/api/hello'));
  expect([response.status, await response.json()]).toMatchObject([200, { message: 'Hello, visitor.' }]);
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
