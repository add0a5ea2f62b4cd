import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { main } from '../../../cli/main.ts';
import { listen } from '../../../dev/listen.ts';
import type { StatsResponse } from '../../../src/protocol/messages.ts';
import { createCounters } from '../../../src/store/counters.ts';
import { type BrokerStack, callerAddress, siteUrl, startBrokerStack } from '../../support/brokerStack.ts';
import { patient } from '../../support/redisParts.ts';
import { otherSecret, privateSecret } from '../../support/tokens.ts';
import { createTestIo } from '../support/testIo.ts';

let stack: BrokerStack;
const today = new Date().toISOString().slice(0, 10);
beforeAll(async () => {
  stack = await startBrokerStack();
});
beforeEach(() => stack.redis.setFault(undefined));
afterAll(() => stack.close());

function count(events: readonly (readonly ['passed' | 'refused', string, 'token_expired'?])[]) {
  const counters = createCounters(
    patient(stack.redis),
    () => true,
    () => Date.now(),
  );
  for (const [event, route, code] of events) counters.add(event, { route, code });
  return counters.flush();
}

type Given = Parameters<typeof createTestIo>[0];

async function run(args: readonly string[], given: Given = {}) {
  const io = createTestIo({
    env: { DAYPASS_PRIVATE_SECRET: privateSecret },
    now: () => Date.now(),
    fetch: async (url, init) => stack.app.request(String(url), init, { clientAddress: callerAddress }),
    sleep: async () => undefined,
    ...given,
  });
  const exitCode = await main(['stats', ...args], io);
  return { exitCode, out: io.out, error: io.error };
}

test('nothing yet, then a table by day', async () => {
  expect(await run([siteUrl])).toEqual({
    exitCode: 0,
    out: 'Mode enforce. Days are those of UTC; what the last second brought may be missing.\n\nNothing was counted yet.\n',
    error: '',
  });
  await count([
    ...Array<['passed', string]>(12).fill(['passed', '/api/*']),
    ['refused', '/api/*', 'token_expired'],
  ]);
  const { out } = await run([siteUrl]);
  expect(out.split('\n').slice(2)).toEqual([
    today,
    '  passed   /api/*                 12',
    '  refused  /api/*  token_expired   1',
    '',
  ]);
  const json = JSON.parse(
    (await run(['--json'], { env: { DAYPASS_PRIVATE_SECRET: privateSecret, URL: siteUrl } })).out,
  );
  expect(json.counts).toContainEqual({ day: today, event: 'passed', route: '/api/*', count: 12 });
});

/** A site that answers so, one after the other. */
function answering(...answers: (StatsResponse | Response)[]): Given {
  return {
    fetch: async () => {
      const answer = answers.shift();
      return answer instanceof Response ? answer : Response.json(answer);
    },
    now: () => Date.parse('2026-11-29T12:00:00Z'),
  };
}

const passed = (count: number, day = '2026-11-29') =>
  ({ day, event: 'passed', route: '/api/*', count }) as const;
const stats = (...counts: StatsResponse['counts']): StatsResponse => ({ mode: 'enforce', counts });
const watch = (times: number) => [siteUrl, '--watch', '--times', String(times)];

test('a log of a watch has a line for each change', async () => {
  const refused = { ...passed(3), event: 'refused', code: 'token_expired' } as const;
  const { exitCode, out } = await run(
    watch(3),
    answering(stats(passed(5)), stats(passed(5)), stats(passed(9), refused)),
  );
  expect(exitCode).toBe(0);
  expect(out.split('\n').slice(4)).toEqual([
    '2026-11-29T12:00:00.000Z passed /api/* +4 = 9',
    '2026-11-29T12:00:00.000Z refused /api/* token_expired +3 = 3',
    '',
  ]);
});

test('at a terminal the table is drawn anew, with what is new', async () => {
  const { out } = await run(watch(2), {
    ...answering(stats(passed(1005)), stats(passed(2009))),
    isInteractive: true,
  });
  expect(out.split('Mode enforce')).toHaveLength(3);
  expect(out).toContain('  passed  /api/*    2,009  +1,004\n');
});

test('a program gets a line of JSON each time', async () => {
  const { out } = await run([...watch(2), '--json'], answering(stats(passed(1)), stats(passed(2))));
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.map(({ counts }) => counts[0].count)).toEqual([1, 2]);
  expect(lines[0].at).toBe('2026-11-29T12:00:00.000Z');
});

test('a watch waits between two calls, and outlives an outage', async () => {
  const waited: number[] = [];
  const { exitCode, error } = await run([...watch(3), '--interval-seconds', '2'], {
    ...answering(
      stats(passed(1)),
      Response.json({ code: 'store_unavailable', detail: 'Redis did not answer in time.' }, { status: 503 }),
      stats(passed(2)),
    ),
    sleep: async (milliseconds) => void waited.push(milliseconds),
  });
  expect([exitCode, waited]).toEqual([0, [2000, 2000]]);
  expect(error).toBe(
    '2026-11-29T12:00:00.000Z store_unavailable: Redis did not answer in time. (503 store_unavailable)\n',
  );
});

test('earlier days are left out on request', async () => {
  const days = answering(stats(passed(1), passed(7, '2026-11-28')));
  expect((await run([siteUrl, '--days', '1'], days)).out).not.toContain('2026-11-28');
});

test.each<[string, Given, number, string]>([
  ['no secret', { env: {} }, 64, 'Set DAYPASS_MAINTENANCE_BEARER, or DAYPASS_PRIVATE_SECRET'],
  [
    'another secret',
    { env: { DAYPASS_PRIVATE_SECRET: otherSecret } },
    1,
    'The site has another maintenance bearer.',
  ],
  [
    'a weak secret',
    { env: { DAYPASS_PRIVATE_SECRET: 'weak' } },
    1,
    'DAYPASS_PRIVATE_SECRET is shorter than 32 bytes',
  ],
  [
    'another bearer',
    { env: { DAYPASS_MAINTENANCE_BEARER: 'nope' } },
    1,
    'The site has another maintenance bearer.',
  ],
  [
    'no network',
    { fetch: () => Promise.reject(new TypeError('fetch failed', { cause: new Error('ENOTFOUND') })) },
    1,
    'https://site.example does not answer: ENOTFOUND.',
  ],
  [
    'a redirect',
    answering(new Response(null, { status: 301, headers: { location: 'https://www.site.example/' } })),
    1,
    'redirects to https://www.site.example/: name the site by its primary URL',
  ],
  ['a page', answering(new Response('<html>')), 1, '/session/stats answers, but not as Daypass does'],
  [
    'a page for what is not there',
    answering(new Response('no', { status: 404 })),
    1,
    '/session/stats answers 404, and not as Daypass does',
  ],
])('with %s, it fails and says why', async (_, given, exitCode, message) => {
  const failed = await run([siteUrl], given);
  expect([failed.exitCode, failed.out]).toEqual([exitCode, '']);
  expect(failed.error).toContain(message);
  expect(failed.error).not.toContain(otherSecret);
});

test.each([
  [[], 'Name the site, such as https://your-site.example'],
  [['http://site.example'], 'http://site.example is no https URL.'],
  [['site.example'], 'site.example is no https URL.'],
  [[siteUrl, '--days', '9'], '--days must be a whole number from 1 to 8.'],
  [[siteUrl, '--interval-seconds', '0'], '--interval-seconds must be'],
])('%j is wrong usage', async (args, message) => {
  const failed = await run(args);
  expect([failed.exitCode, failed.error]).toEqual([64, expect.stringContaining(message)]);
});

test('the bearer goes to the site alone, wherever that points', async () => {
  const seen: string[] = [];
  const other = await listen(async (request) => {
    seen.push(request.url);
    return Response.json(stats());
  });
  const site = await listen(async () => Response.redirect(`${other.url}/session/stats`, 307));
  try {
    const { exitCode, out } = await run([site.url, '--json'], { fetch });
    expect([exitCode, JSON.parse(out).error.code, seen]).toEqual([1, 'site_redirects', []]);
  } finally {
    await Promise.all([site.close(), other.close()]);
  }
});

test('a limit is waited for as long as it asks, and not for ever', async () => {
  const limited = () =>
    Response.json({ code: 'rate_limited' }, { status: 429, headers: { 'retry-after': '7' } });
  const waited: number[] = [];
  const sleep = async (milliseconds: number) => void waited.push(milliseconds);
  const passedOn = await run([siteUrl], { ...answering(limited(), stats(passed(1))), sleep });
  expect([passedOn.exitCode, waited]).toEqual([0, [7000]]);
  const never = await run([siteUrl, '--json'], {
    ...answering(...Array.from({ length: 9 }, limited)),
    sleep,
  });
  expect([never.exitCode, JSON.parse(never.out).error.code]).toEqual([1, 'rate_limited']);
  expect(waited).toHaveLength(6);
});
