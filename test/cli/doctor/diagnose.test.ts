import { expect, test } from 'vitest';
import { type DiagnoseOptions, diagnose } from '../../../cli/doctor/diagnose.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import { causes, fillCause, type StatusResponse } from '../../../src/protocol/causes.ts';

const now = 1_800_000_000_000;
const date = new Date(now).toUTCString();

type Answers = Readonly<Record<string, (request: { headers: Headers }) => Response | undefined>>;

const status: StatusResponse = { ok: true, checks: [], warnings: [], time: now / 1000 };
const problem = (code: string, init: ResponseInit = { status: 400 }) => Response.json({ code }, init);

/** A site where all is well until somebody signs up. */
const site: Answers = {
  'GET /': () => new Response('A site'),
  'GET /session/status': () => Response.json(status, { headers: { date } }),
  'GET /.well-known/oauth-authorization-server': () => Response.json({ issuer: 'https://site.example' }),
  'GET /.netlify/identity/settings': () => Response.json({ disable_signup: false }),
  'GET /.netlify/identity/settings%5Cdoctor': () => problem('path_refused'),
  'GET /api/%5C': () => problem('path_refused'),
  'GET /session/challenge': () => Response.json({ proof: 'none' }),
  'POST /.netlify/identity/signup': () =>
    Response.json({ id: 'a-user', app_metadata: { provider: 'email' } }),
  'POST /.netlify/identity/token': () => Response.json({ access_token: 'identity.token.x' }),
  'POST /session/token': () => problem('already_exchanged'),
};

/** What doctor finds, and the requests that it sends. */
async function look(answers: Answers, options: Partial<DiagnoseOptions> = {}) {
  const sent: string[] = [];
  const diagnosis = await diagnose({
    url: 'https://site.example',
    now: () => now,
    wait: async () => undefined,
    fetch: async (input, init) => {
      const { pathname, origin } = new URL(`${input}`);
      const name = `${init?.method ?? 'GET'} ${origin === 'https://site.example' ? '' : origin}${pathname}`;
      sent.push(name);
      const answer = { ...site, ...answers }[name]?.({ headers: new Headers(init?.headers) });
      if (!answer) throw new TypeError('fetch failed');
      return answer;
    },
    ...options,
  });
  return { ...diagnosis, sent, ids: diagnosis.findings.map(({ id, severity }) => `${severity} ${id}`) };
}

test('a site that does not answer: nothing else is looked at', async () => {
  const nothing = () => undefined;
  const { ids, sent, checks } = await look({ 'GET /': nothing, 'GET /session/status': nothing });
  expect(ids).toEqual(['broken site_unreachable']);
  expect(sent).toEqual(['GET /', 'GET /session/status']);
  expect(checks.filter(({ outcome }) => outcome !== 'skipped').map(({ id }) => id)).toEqual(['site']);
});

test('what the site says is at fault is told in its own words, and what depends on it is not looked at', async () => {
  const failing = (
    name: 'operator_token' | 'redis',
    cause: 'identity_list_failed' | 'redis_error' | 'redis_quota_exceeded',
  ) =>
    look({
      'GET /session/status': () =>
        Response.json({ ...status, ok: false, checks: [{ name, ok: false, cause, ...fillCause(cause) }] }),
    });
  for (const cause of ['redis_error', 'redis_quota_exceeded'] as const) {
    const { ids, sent, findings } = await failing('redis', cause);
    expect(ids).toEqual([`broken ${cause}`]);
    expect(findings[0]).toMatchObject(causes[cause]);
    expect(sent).not.toContain('POST /.netlify/identity/signup');
  }
  expect((await failing('operator_token', 'identity_list_failed')).ids).toEqual([
    'broken identity_list_failed',
  ]);
});

test('a cause that this version does not know is told all the same', async () => {
  const { ids, findings } = await look({
    'GET /session/status': () =>
      Response.json({
        ...status,
        checks: [{ name: 'redis', ok: false, cause: 'redis_on_fire', remedy: 'Fetch water.' }],
      }),
  });
  expect(ids).toEqual(['broken broker_failed']);
  expect(findings[0]?.detail).toBe('redis: Fetch water.');
});

test('a Turnstile test key is told from the warnings', async () => {
  const { what, remedy } = causes.turnstile_test_key;
  const { ids } = await look({
    'GET /session/status': () => Response.json({ ...status, warnings: [`${what} ${remedy}`] }),
    'GET /session/challenge': () => Response.json({ proof: 'turnstile' }),
  });
  expect(ids).toEqual(['weak turnstile_test_key', 'note turnstile_no_trial']);
});

test('an exchange that is refused leaves a user, whose e-mail is told', async () => {
  const { ids, leftovers } = await look({});
  expect(ids).toEqual(['broken exchange_refused']);
  expect(leftovers).toEqual([expect.stringMatching(/^doctor-[\w-]{36}@visitor\.invalid$/)]);
});

const userId = '6d1f7c1e-0d7c-4f7a-9a0c-5a2b1c3d4e5f';

/** Identity of one's own, at another origin than the site. */
const identityAt = (origin: string, seen: (string | null)[]): Answers => ({
  [`GET ${origin}/settings`]: () => Response.json({ disable_signup: false }),
  [`POST ${origin}/signup`]: () => Response.json({ id: userId, app_metadata: {} }),
  [`POST ${origin}/token`]: () => Response.json({ access_token: 'identity.token.x' }),
  [`DELETE ${origin}/admin/users/${userId}`]: ({ headers }) => {
    seen.push(headers.get('authorization'));
    return Response.json({});
  },
});

test('the operator token deletes the user at the Identity that the environment names', async () => {
  const seen: (string | null)[] = [];
  const { leftovers } = await look(identityAt('https://identity.example', seen), {
    variables: { IDENTITY_OPERATOR_TOKEN: 'operator', IDENTITY_URL: 'https://identity.example/' },
  });
  expect([seen, leftovers]).toEqual([['Bearer operator'], []]);
});

test.each([
  ['that of the site', {}, {}, ''],
  ['over plain http', { IDENTITY_URL: 'http://identity.example' }, {}, 'http://identity.example'],
  [
    'another one',
    { IDENTITY_URL: 'https://identity.example' },
    { identityUrl: 'https://other.example' },
    'https://other.example',
  ],
])('the operator token goes to no other Identity: %s', async (_, variables, options, origin) => {
  const seen: (string | null)[] = [];
  const { leftovers, sent } = await look(identityAt(origin || '/.netlify/identity', seen), {
    variables: { IDENTITY_OPERATOR_TOKEN: 'operator', ...variables },
    ...options,
  });
  expect(sent).not.toContain(`DELETE ${origin}/admin/users/${userId}`);
  expect([seen, leftovers]).toEqual([[], [expect.stringMatching(/^doctor-/)]]);
});

test('a check that fails by itself leaves nothing behind either', async () => {
  const seen: (string | null)[] = [];
  const answers = identityAt('https://identity.example', seen);
  const onCheck = (title: string) => {
    if (title.includes('exchanges')) throw new Error('the pipe is closed');
  };
  const variables = { IDENTITY_OPERATOR_TOKEN: 'operator', IDENTITY_URL: 'https://identity.example' };
  await expect(look(answers, { variables, onCheck })).rejects.toThrow('the pipe is closed');
  expect(seen).toEqual(['Bearer operator']);
});

test('the path says which audience the token is for, and which backend takes it', async () => {
  const policy = definePolicy({
    audiences: { api: { secret: 'DAYPASS_SECRET' }, files: { secret: 'FILES_SECRET' } },
    routes: [{ path: '/api/files/*', audience: 'files', upstream: 'FILES_UPSTREAM' }, { path: '/api/*' }],
  });
  const asked = async (path: string) => {
    const bodies: (string | null)[] = [];
    const { sent } = await look(
      {},
      {
        policy,
        path,
        variables: { DAYPASS_UPSTREAM: 'https://api.example', FILES_UPSTREAM: 'https://files.example' },
        fetch: async (input, init) => {
          const { pathname, origin } = new URL(`${input}`);
          const form = new URLSearchParams(`${init?.body ?? ''}`);
          if (pathname === '/session/token') bodies.push(form.get('audience'));
          if (!origin.startsWith('https://site')) bodies.push(origin);
          const odd = pathname.endsWith('%5C') ? problem('path_refused') : undefined;
          const answer = odd ?? site[`${init?.method ?? 'GET'} ${pathname}`]?.({ headers: new Headers() });
          if (!answer) throw new TypeError('fetch failed');
          return answer;
        },
      },
    );
    expect(sent).toEqual([]);
    return bodies;
  };
  expect(await asked('/api/files/1')).toEqual(['https://files.example', 'files']);
  expect(await asked('/api/hello')).toEqual(['https://api.example', null]);
});

test.each([
  ['of Identity', { 'POST /.netlify/identity/token': () => new Response('{}', { status: 429 }) }],
  ['of the site', { 'POST /session/token': () => problem('rate_limited', { status: 429 }) }],
])('a limit %s is no fault', async (_, answers) => {
  expect((await look(answers)).ids).toEqual(['note rate_limited']);
});

test('of three clocks, the one that differs is wrong', async () => {
  const at = (broker: number, platform: number) => ({
    'GET /session/status': () =>
      Response.json(
        { ...status, time: now / 1000 + broker },
        { headers: { date: new Date(now + platform * 1000).toUTCString() } },
      ),
  });
  const found = async (broker: number, platform: number) =>
    (await look(at(broker, platform))).ids.filter((id) => id.includes('clock'));
  expect(await found(0, 0)).toEqual([]);
  expect(await found(25, -25)).toEqual([]);
  expect(await found(600, 0)).toEqual(['broken clock_site']);
  expect(await found(-600, 0)).toEqual(['broken clock_site']);
  expect(await found(600, 600)).toEqual(['note clock_here']);
});

test('an answer that a cache has kept tells no time', async () => {
  const { ids } = await look({
    'GET /session/status': () =>
      Response.json(
        { ...status },
        { headers: { date: new Date(now - 86_400_000).toUTCString(), age: '86400' } },
      ),
  });
  expect(ids).not.toContain('broken clock_site');
});

test('secrets at hand are looked at, and never told', async () => {
  const weak = 'changeme-changeme-changeme-changeme';
  const { sent: _, ...diagnosis } = await look({}, { variables: { DAYPASS_SECRET: weak } });
  expect(diagnosis.ids).toContain('broken secret_weak');
  expect(JSON.stringify(diagnosis)).not.toContain(weak);
});

test('what a server answers reaches the terminal as plain text, and of its codes only what can be one', async () => {
  const { findings, warnings } = await look({
    'GET /session/status': () =>
      Response.json({
        ...status,
        checks: [
          { name: 'redis', ok: false, cause: 'redis_error', what: '\u001b[2JGone\u0007', remedy: 'a\nb' },
        ],
        warnings: ['\u001b]0;title\u0007Mind this.'],
      }),
    'GET /.netlify/identity/settings': () => problem('<script>', { status: 404 }),
  });
  expect(findings[0]).toMatchObject({ what: 'Gone ', remedy: 'a\nb' });
  expect(warnings).toEqual(['Mind this.']);
  expect(findings[1]?.detail).toBe('GET /.netlify/identity/settings gave 404.');
});

test('a body that is no JSON is not read: it may be a stream without an end', async () => {
  let isCancelled = false;
  const endless = new ReadableStream({
    cancel() {
      isCancelled = true;
    },
  });
  const { ids } = await look({ 'GET /session/status': () => new Response(endless) });
  expect([ids, isCancelled]).toEqual([['broken broker_not_found'], true]);
});
