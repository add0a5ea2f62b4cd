import { expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { readEnvironment } from '../../src/runtime/environment.ts';
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
