import { beforeEach, expect, test, vi } from 'vitest';
import { createSession } from '../../client/index.ts';
import { FakeSite, json, optionsWith, origin, tokenRefused } from './support/fakeSite.ts';
import { freeze, pass } from './support/freeze.ts';

freeze();
let site: FakeSite;
let session: ReturnType<typeof createSession>;
let refused: { path: string; code: string }[];
let ended: string[];
/** Paths that refuse every token. */
let refusing: (path: string) => boolean;

beforeEach(async () => {
  refusing = () => true;
  refused = [];
  ended = [];
  site = new FakeSite();
  site.otherwise = ({ line }) =>
    refusing(line.replace('GET ', '')) ? tokenRefused() : json(200, { ok: true });
  site.install();
  // Without Web Locks, which are held for a while after each renewal.
  vi.stubGlobal('navigator', {});
  session = createSession(optionsWith());
  session.on('refused', (detail) => refused.push(detail));
  session.on('ended', ({ reason }) => ended.push(reason));
  await session.token();
  site.lines();
});

const call = async (path: string) => (await session.fetch(origin + path)).status;

/** Requests since the last time: to the backend, for a token, and to sign up. */
async function counts() {
  // A session that is given up is replaced when the call has its answer already.
  await session.token();
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  const lines = site.lines();
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  return {
    backend: count(/ \/api\//),
    tokens: count(/ \/session\/token$/),
    signUps: count(/signup$/),
  };
}

test.each<[string, (index: number) => string]>([
  ['of one path', () => '/api/x'],
  ['of one path, with another query each', (index) => `/api/x?page=${index}`],
  ['of ten paths', (index) => `/api/${index % 10}`],
  ['each of another path', (index) => `/api/${index}`],
])('a thousand calls %s, one after another, see 401 each and make no storm', async (_, pathOf) => {
  const statuses = new Set<number>();
  for (let index = 0; index < 1000; index += 1) statuses.add(await call(pathOf(index)));
  expect([...statuses]).toEqual([401]);
  const { backend, tokens, signUps } = await counts();
  expect(backend).toBeLessThanOrEqual(1100);
  expect(tokens).toBeLessThanOrEqual(5);
  expect(signUps).toBeLessThanOrEqual(1);
});

test.each<[string, (index: number) => string]>([
  ['of one path', () => '/api/x'],
  ['each of another path', (index) => `/api/${index}`],
])('nor do a thousand at once %s', async (_, pathOf) => {
  const statuses = await Promise.all(Array.from({ length: 1000 }, (_, index) => call(pathOf(index))));
  expect(new Set(statuses)).toEqual(new Set([401]));
  const { backend, tokens, signUps } = await counts();
  expect(backend).toBeLessThanOrEqual(1100);
  expect(tokens).toBeLessThanOrEqual(5);
  expect(signUps).toBeLessThanOrEqual(1);
});

test('the caller gets the first 401, as the backend gave it', async () => {
  let given = 0;
  site.always('GET /api/x', () => {
    given += 1;
    return json(401, { given }, { 'www-authenticate': 'Bearer error="invalid_token"' });
  });
  const response = await session.fetch(`${origin}/api/x`);
  expect([response.status, await response.json(), given]).toEqual([401, { given: 1 }, 2]);
});

test('a path that refuses new tokens gets another after a minute, then two, four, five and five', async () => {
  const asked: number[] = [];
  for (let second = 0; second < 1400; second += 1) {
    await call('/api/x');
    if (site.lines().includes('POST /session/token')) asked.push(second);
    pass(1);
  }
  // Every four minutes one is renewed because of its age.
  const gaps = asked.filter((second) => [0, 60, 180, 420, 720, 1020, 1320].includes(second));
  expect(gaps).toEqual([0, 60, 180, 420, 720, 1020, 1320]);
  expect(asked.length).toBeLessThanOrEqual(7 + 1400 / 240);
});

test('two paths that refuse new tokens within a minute end the session, once', async () => {
  await call('/api/a');
  expect(ended).toEqual([]);
  await call('/api/b');
  expect(await counts()).toEqual({ backend: 4, tokens: 3, signUps: 1 });
  for (const path of ['/api/a', '/api/b', '/api/c', '/api/d']) await call(path);
  expect(await counts()).toEqual({ backend: 4, tokens: 0, signUps: 0 });
  pass(61);
  for (const path of ['/api/a', '/api/b', '/api/c', '/api/d']) await call(path);
  expect(await counts()).toEqual({ backend: 5, tokens: 1, signUps: 0 });
  expect(ended).toEqual(['refused']);
});

test.each([
  ['more than a minute apart', () => pass(61)],
  [
    'with a success between them',
    async () => {
      expect(await call('/api/good')).toBe(200);
    },
  ],
  [
    'that are one but for the query',
    async () => {
      pass(59);
      await call('/api/a?b=1');
    },
  ],
])('two refusals %s do not', async (title, between) => {
  refusing = (path) => path !== '/api/good';
  await call('/api/a');
  await between();
  if (!title.includes('query')) await call('/api/b');
  expect((await counts()).signUps).toBe(0);
  expect(ended).toEqual([]);
});

test('a new session that the backend takes is used, and what spoke against the last is forgotten', async () => {
  await call('/api/a');
  await call('/api/b');
  await counts();
  refusing = () => false;
  expect([await call('/api/a'), await call('/api/b')]).toEqual([200, 200]);
  // So another failure is met with another renewal.
  site.once('GET /api/a', tokenRefused);
  expect(await call('/api/a')).toBe(200);
  expect(await counts()).toEqual({ backend: 4, tokens: 1, signUps: 0 });
});

test('one path that refuses does not keep others from a new token', async () => {
  refusing = (path) => path === '/api/bad';
  await call('/api/bad');
  for (let index = 0; index < 20; index += 1) {
    expect(await call('/api/good')).toBe(200);
    expect(await call('/api/bad')).toBe(401);
  }
  site.once('GET /api/good', tokenRefused);
  expect(await call('/api/good')).toBe(200);
  expect(await counts()).toEqual({ backend: 1 + 1 + 40 + 2, tokens: 2, signUps: 0 });
});

test('many calls that were refused at once wait for the first, and follow it', async () => {
  refusing = () => false;
  site.otherwise = ({ headers }) =>
    headers.get('authorization') === 'Bearer access-2' ? tokenRefused() : json(200, {});
  const paths = Array.from({ length: 60 }, (_, index) => `/api/${index % 20}`);
  expect(new Set(await Promise.all(paths.map(call)))).toEqual(new Set([200]));
  expect(await counts()).toEqual({ backend: 120, tokens: 1, signUps: 0 });
});

test('a first call that fails on the way does not speak for the others', async () => {
  let sent = 0;
  site.always('GET /api/x', ({ headers }) => {
    if (headers.get('authorization') === 'Bearer access-2') return tokenRefused();
    sent += 1;
    return sent === 1 ? Promise.reject(new TypeError('Failed to fetch')) : json(200, {});
  });
  const answers = await Promise.allSettled(Array.from({ length: 5 }, () => call('/api/x')));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(4).fill('fulfilled'), 'rejected']);
});

test('the event gives path and code, once for each new token', async () => {
  site.always('GET /api/x', () =>
    json(401, { code: 'token_audience' }, { 'www-authenticate': 'Bearer error="invalid_token"' }),
  );
  for (const _ of [1, 2, 3]) await call('/api/x?secret=1');
  await counts();
  expect(refused).toEqual([{ path: '/api/x', code: 'token_audience' }]);
});

test.each([
  ['no JSON', () => new Response('no', { status: 401 })],
  ['null', () => json(401, null)],
  ['JSON without a code', () => json(401, {})],
])('a 401 with %s has the code invalid_token', async (_, answer) => {
  site.always('GET /api/x', () => {
    const response = answer();
    response.headers.set('www-authenticate', 'Bearer error="invalid_token"');
    return response;
  });
  await call('/api/x');
  await counts();
  expect(refused).toEqual([{ path: '/api/x', code: 'invalid_token' }]);
});

test('where no new session is to be had, the page sees its 401 all the same', async () => {
  site.always('POST /.netlify/identity/signup', () => json(429, { msg: 'Rate limit exceeded' }));
  for (let index = 0; index < 100; index += 1) expect(await call(`/api/${index}`)).toBe(401);
  expect((await counts()).signUps).toBe(1);
});
