import { expect, test } from 'vitest';
import { readEnvironment } from '../../src/netlify/environment.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { otherSecret, privateSecret, secret } from '../support/tokens.ts';

const policy = definePolicy();
const good: Record<string, string> = {
  DAYPASS_SECRET: secret,
  DAYPASS_PRIVATE_SECRET: privateSecret,
  DAYPASS_UPSTREAM: 'https://api.example/base',
  UPSTASH_REDIS_REST_URL: 'https://redis.example',
  UPSTASH_REDIS_REST_TOKEN: 'token',
  URL: 'https://site.example',
};
const read = (changes: Record<string, string | undefined>) => {
  const variables = { ...good, ...changes };
  return readEnvironment(policy, (name) => variables[name]);
};
const problemsOf = async (changes: Record<string, string | undefined>) => {
  const error = await read(changes).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(ConfigurationError);
  return (error as ConfigurationError).problems;
};

test('reads what a site needs', async () => {
  const environment = await read({ DAYPASS_SECRET_SECONDARY: otherSecret });
  expect(environment.keyRings.get('api')?.secondary).toBeDefined();
  expect(environment.upstreams.get('DAYPASS_UPSTREAM')?.href).toBe('https://api.example/base');
  expect(environment.siteUrl).toBe('https://site.example');
  expect(environment.identityUrl).toBeUndefined();
});

test('says all that is missing at once', async () => {
  const names = Object.keys(good);
  const problems = await problemsOf(Object.fromEntries(names.map((name) => [name, undefined])));
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'DAYPASS_PRIVATE_SECRET',
    'DAYPASS_SECRET',
    'UPSTASH_REDIS_REST_URL',
    'UPSTASH_REDIS_REST_TOKEN',
  ]);
});

test.each([
  [
    { DAYPASS_SECRET: 'changeme-changeme-changeme-changeme' },
    /^DAYPASS_SECRET is a placeholder. Make one: node -e/,
  ],
  [
    { DAYPASS_PRIVATE_SECRET: secret },
    /^DAYPASS_SECRET equals DAYPASS_PRIVATE_SECRET. Make another: node -e/,
  ],
  [{ DAYPASS_SECRET_SECONDARY: secret }, /^DAYPASS_SECRET_SECONDARY equals DAYPASS_SECRET/],
  [{ DAYPASS_SECRET_SECONDARY: 'x1y2z3' }, /^DAYPASS_SECRET_SECONDARY is shorter than 32 bytes/],
  [{ UPSTASH_REDIS_REST_URL: 'http://redis.example' }, /^UPSTASH_REDIS_REST_URL must be an https URL/],
  [
    { UPSTASH_REDIS_REST_URL: 'https://u:pw-of-redis@redis.example' },
    /^UPSTASH_REDIS_REST_URL must hold no user/,
  ],
  [{ UPSTASH_REDIS_REST_TOKEN: 'to\nken' }, /^UPSTASH_REDIS_REST_TOKEN must be visible ASCII/],
  [{ UPSTASH_REDIS_REST_TOKEN: ' token' }, /^UPSTASH_REDIS_REST_TOKEN must be visible ASCII/],
  [{ DAYPASS_UPSTREAM: 'api.example' }, /^DAYPASS_UPSTREAM must be an https URL/],
  [{ IDENTITY_URL: 'ftp://identity.example' }, /^IDENTITY_URL must be an https URL/],
])('refuses %#: names the variable, never its value', async (changes, reason) => {
  const problems = await problemsOf(changes);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toMatch(reason);
  for (const value of [...Object.values(changes), secret]) expect(problems[0]).not.toContain(value);
});

const present = Date.parse('2026-11-28T16:00:00Z');
const notBefore = async (DAYPASS_SESSIONS_NOT_BEFORE: string) => {
  const variables: Record<string, string> = { ...good, DAYPASS_SESSIONS_NOT_BEFORE };
  return readEnvironment(policy, (name) => variables[name], present);
};

test.each([
  ['2026-11-28T15:00:00Z', present / 1000 - 3600],
  ['2026-11-28t15:00:00z', present / 1000 - 3600],
  ['2026-11-28T16:30:00+01:30', present / 1000 - 3600],
  ['2026-11-28T15:00:00.250Z', present / 1000 - 3599.75],
  ['2026-11-28T16:01:00Z', present / 1000 + 60],
  ['2024-02-29T00:00:00-00:00', Date.parse('2024-02-29T00:00:00Z') / 1000],
])('DAYPASS_SESSIONS_NOT_BEFORE may be %s', async (text, seconds) => {
  expect((await notBefore(text)).sessionsNotBefore).toBe(seconds);
});

test.each([
  '2026-11-28',
  '2026-11-28 15:00:00Z',
  '2026-11-28T15:00:00',
  '2026-11-28T15:00Z',
  '2026-11-28T24:00:00Z',
  '2026-11-28T15:60:00Z',
  '2026-11-28T15:00:00+0130',
  '2026-11-28T15:00:00+24:00',
  '2026-02-29T15:00:00Z',
  '2026-13-01T15:00:00Z',
  '2026-11-00T15:00:00Z',
  'Sat, 28 Nov 2026 15:00:00 GMT',
  '1764342000',
  'now',
  ' 2026-11-28T15:00:00Z',
])('DAYPASS_SESSIONS_NOT_BEFORE must be RFC 3339: %s', async (text) => {
  await expect(notBefore(text)).rejects.toMatchObject({
    problems: ['DAYPASS_SESSIONS_NOT_BEFORE must be a time of RFC 3339, such as 2026-11-28T16:00:00.000Z.'],
  });
});

test('DAYPASS_SESSIONS_NOT_BEFORE must not lie ahead, and stands among the other problems', async () => {
  await expect(notBefore('2026-11-28T16:01:01Z')).rejects.toMatchObject({
    problems: [expect.stringMatching(/^DAYPASS_SESSIONS_NOT_BEFORE must not lie ahead/)],
  });
  const problems = await problemsOf({ DAYPASS_SESSIONS_NOT_BEFORE: 'x', DAYPASS_SECRET: undefined });
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'DAYPASS_SECRET',
    'DAYPASS_SESSIONS_NOT_BEFORE',
  ]);
});

test('Turnstile`s secret key is asked for where the policy asks for Turnstile', async () => {
  const siteKey = '0x4AAAAAAAAAAAAAAAAAAAAA';
  const secretKey = '0x4AAAAAAAAAAAAAAAAAAAAA-secret';
  const asking = definePolicy({ admission: { proof: 'turnstile', turnstile: { siteKey } } });
  const readWith = (TURNSTILE_SECRET_KEY?: string) =>
    readEnvironment(asking, (name) => ({ ...good, TURNSTILE_SECRET_KEY })[name]);
  expect((await readWith(secretKey)).turnstileSecretKey).toBe(secretKey);
  for (const [key, reason] of [
    [undefined, /^TURNSTILE_SECRET_KEY is missing/],
    ['', /^TURNSTILE_SECRET_KEY is missing/],
    [siteKey, /^TURNSTILE_SECRET_KEY holds the site key/],
    [`${secretKey}\n`, /^TURNSTILE_SECRET_KEY is no secret key/],
    ['swordfish', /^TURNSTILE_SECRET_KEY is no secret key/],
  ] as const) {
    const { problems } = (await readWith(key).catch((thrown) => thrown)) as ConfigurationError;
    expect(problems).toEqual([expect.stringMatching(reason)]);
    expect(problems[0]).toContain('dashboard');
    if (key) expect(problems[0]).not.toContain(key);
  }
  expect((await read({ TURNSTILE_SECRET_KEY: 'x' })).turnstileSecretKey).toBeUndefined();
});

test('http will do on this machine', async () => {
  expect((await read({ DAYPASS_UPSTREAM: 'http://127.0.0.1:8000' })).upstreams.size).toBe(1);
});
