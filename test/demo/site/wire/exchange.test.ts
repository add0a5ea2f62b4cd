import { afterAll, beforeEach, expect, test, vi } from 'vitest';
import type { Seen, watchFetch } from '../../../../demo/site/wire/exchange.ts';

const original = globalThis.fetch;
let answer: () => Promise<Response>;
let watch: typeof watchFetch;
let seen: Seen[];

beforeEach(async () => {
  vi.resetModules();
  globalThis.fetch = () => answer();
  ({ watchFetch: watch } = await import('../../../../demo/site/wire/exchange.ts'));
  seen = [];
  watch((one) => seen.push(one));
});
afterAll(() => {
  globalThis.fetch = original;
});

test('sees a request as it goes out and as its answer comes in, and leaves the answer to its receiver', async () => {
  answer = async () => Response.json({ token: 'x' }, { status: 201, headers: { 'retry-after': '3' } });
  const response = await fetch('http://localhost/session/token?x=1', {
    method: 'post',
    headers: { Accept: 'application/json' },
    body: new URLSearchParams({ grant_type: 'g' }),
  });
  expect(await response.json()).toEqual({ token: 'x' });
  await expect.poll(() => seen).toHaveLength(2);
  const [out, back] = seen;
  expect(out?.answer).toBeUndefined();
  expect(back?.id).toBe(out?.id);
  expect(back?.request).toEqual({
    method: 'POST',
    path: '/session/token?x=1',
    headers: { accept: 'application/json' },
    form: { grant_type: 'g' },
  });
  expect(back?.answer).toMatchObject({ status: 201, body: { token: 'x' } });
  expect(back?.answer?.headers.get('retry-after')).toBe('3');
});

test('sees a Request object, and forms that are strings', async () => {
  answer = async () => new Response('not JSON');
  await fetch(
    new Request('http://localhost/a', {
      method: 'DELETE',
      headers: { 'x-y': 'z' },
    }),
  );
  await fetch('http://localhost/b', {
    method: 'POST',
    body: 'grant_type=password&username=a%40b',
  });
  await fetch('http://localhost/c', {
    method: 'POST',
    body: '{"email":"a@b"}',
  });
  await expect.poll(() => seen).toHaveLength(6);
  const [a, b, c] = [1, 2, 3].map((id) => seen.findLast((one) => one.id === id));
  expect(a?.request).toEqual({
    method: 'DELETE',
    path: '/a',
    headers: { 'x-y': 'z' },
  });
  expect(a?.answer?.body).toBeUndefined();
  expect(b?.request.form).toEqual({ grant_type: 'password', username: 'a@b' });
  expect(c?.request.form).toBeUndefined();
});

test('a request without an answer fails as it would, and is seen to', async () => {
  const failure = new TypeError('no network');
  answer = () => Promise.reject(failure);
  await expect(fetch('http://localhost/a')).rejects.toBe(failure);
  expect(seen[1]?.answer?.status).toBe(0);
});
