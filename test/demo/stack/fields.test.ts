import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoServer, startDemo } from '../../../demo/startDemo.ts';
import { readSettings } from '../../../dev/server/settings.ts';
import { definePolicy } from '../../../src/policy/define.ts';

// Whoever writes a page under `npm start` learns which of its fields the backend never sees.

const policy = definePolicy({ routes: [{ path: '/api/*', verify: false }] });
const lines: string[] = [];
let server: DemoServer;
beforeAll(async () => {
  server = await startDemo(readSettings({ PORT: '0' }, policy), policy, {
    redisBackend: 'memory',
    log: (event, fields) => lines.push(JSON.stringify({ event, ...fields })),
  });
});
afterAll(() => server.close());

const told = () => lines.filter((line) => line.includes('request_field_dropped'));
const call = (headers: Record<string, string>) => fetch(`${server.url}/api/x`, { headers });

test('each is told once, by its name alone', async () => {
  const dropped = { cookie: 'session=secret-1', 'x-user-id': 'secret-2', x_real_ip: 'secret-3' };
  await call({ ...dropped, 'x-api-version': '2' });
  await call({ ...dropped, 'x-api-version': '2' });
  expect(told()).toEqual([
    '{"event":"request_field_dropped","field":"cookie","reason":"cookies"}',
    '{"event":"request_field_dropped","field":"x-user-id","reason":"user"}',
    '{"event":"request_field_dropped","field":"x_real_ip","reason":"address"}',
  ]);
  expect(lines.join()).not.toContain('secret');
});

test('names that somebody makes up fill no memory', async () => {
  for (let batch = 0; batch < 4; batch += 1) {
    await call(
      Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`x-user-${batch}-ip-${index}`, '1'])),
    );
  }
  expect(told()).toHaveLength(100);
});
