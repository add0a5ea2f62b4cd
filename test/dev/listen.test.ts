import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Listening, listen } from '../../dev/listen.ts';

let server: Listening;
beforeAll(async () => {
  server = await listen((received) => new Response(received.method));
});
afterAll(() => server.close());

async function send(method: string): Promise<[number | undefined, string | undefined]> {
  const sent = request(server.url, { method });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  return [response.statusCode, response.headers.allow];
}

test('a method that no Request can have is refused, and is no fault', async () => {
  expect(await send('TRACE')).toEqual([405, 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS']);
  expect(await send('PROPFIND')).toEqual([200, undefined]);
});
