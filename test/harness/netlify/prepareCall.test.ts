import { expect, test } from 'vitest';
import { prepareCall, requestOf } from './call.ts';

const passedOn = async (headers: Record<string, string>) =>
  requestOf(await prepareCall(new Request('http://localhost:8888/dev', { headers }), '::ffff:127.0.0.1'))
    .headers;

test('the address that a caller names is replaced, and a call that no proxy touched looks so', async () => {
  expect((await passedOn({})).has('x-forwarded-for')).toBe(false);
  expect((await passedOn({ 'x-forwarded-for': '198.51.100.1' })).get('x-forwarded-for')).toBe('127.0.0.1');
});

test.each(['forwarded', 'via', 'x-forwarded-host', 'x-forwarded-proto'])(
  'a call with %s came by way of a proxy, and what answers it can see that',
  async (name) => {
    const headers = await passedOn({ [name]: 'tunnel.example' });
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1');
    expect([headers.has('x-forwarded-host'), headers.has('x-forwarded-proto')]).toEqual([false, false]);
  },
);
