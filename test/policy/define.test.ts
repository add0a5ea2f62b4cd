import { expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import { defaultLimits } from '../../src/policy/limits.ts';
import type { Limit, PolicyInput } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

test('nothing said is a whole policy', () => {
  expect(definePolicy()).toMatchObject({
    audiences: {
      api: {
        secretVariable: 'DAYPASS_SECRET',
        secondarySecretVariable: 'DAYPASS_SECRET_SECONDARY',
        scopes: [],
      },
    },
    defaultAudience: 'api',
    accessToken: { ttlSeconds: 300, renewalGraceSeconds: 3600, sessionSeconds: 43_200 },
    throwaway: { emailDomain: 'visitor.invalid' },
    admission: undefined,
    mode: 'enforce',
    storeFailure: 'local',
    routes: [{ path: '/api/*', audience: 'api', upstream: 'DAYPASS_UPSTREAM' }],
    upstream: {
      timeoutSeconds: 25,
      requestHeaders: undefined,
      clientAddress: false,
      maxBodyBytes: 10_485_760,
      stream: false,
    },
    requestBody: { bufferBytes: 67_108_864, timeoutSeconds: 60 },
  });
});

test.each([
  [undefined, ''],
  [{}, ''],
  [{ audience: '' }, ''],
  [{ audience: 'https://site.example/x y' }, 'https://site.example/x y'],
])('identity %j: the audience is %j', (identity, audience) => {
  expect(definePolicy(identity && { identity }).identity).toEqual({ audience });
});

test.each([' ', 'ä', 'a\nb', 7, null, ['site']])('an audience of %j is a mistake', (audience) => {
  const input = { identity: { audience } } as unknown as PolicyInput;
  expect(() => definePolicy(input)).toThrow(/identity\.audience: .*GOTRUE_JWT_AUD/);
});

test('a policy cannot be changed afterwards', () => {
  const policy = definePolicy();
  expect(() => {
    (policy.accessToken as { ttlSeconds: number }).ttlSeconds = 1e9;
  }).toThrow(TypeError);
});

const wrong: [string, unknown, RegExp][] = [
  ['an unknown field', { ttl: 1 }, /policy: ttl is unknown; the fields are issuer, audiences/],
  ['a slash behind the issuer', { issuer: 'https://a.example/' }, /issuer: must be an https origin/],
  ['a plain http issuer', { issuer: 'http://a.example' }, /issuer: must be an https origin/],
  ['a life below a minute', { accessToken: { ttlSeconds: 59 } }, /ttlSeconds: .* from 60 to 3600/],
  ['a life above an hour', { accessToken: { ttlSeconds: 3601 } }, /ttlSeconds: .* from 60 to 3600/],
  [
    'a session shorter than a token',
    { accessToken: { sessionSeconds: 100 } },
    /sessionSeconds: must not be below/,
  ],
  ['no audience', { audiences: {} }, /audiences: name at least one/],
  ['a secret itself', { audiences: { api: { secret: 'hunter2' } } }, /never the value itself/],
  ['one key for two', { audiences: { a: { secret: 'X' }, b: { secret: 'X' } } }, /belongs to one audience/],
  ['a real domain', { throwaway: { emailDomain: 'example.com' } }, /example.com .* requires admission/],
  ['a domain that ends alike', { throwaway: { emailDomain: 'a.notinvalid' } }, /requires admission/],
  ['a limit of nothing', { limits: { session: { limit: 0, windowSeconds: 60 } } }, /limits.session.limit/],
  ['an unknown limit', { limits: { sesion: { limit: 1, windowSeconds: 1 } } }, /sesion is unknown/],
  ['a route without a slash', { routes: [{ path: 'api' }] }, /routes\[0\].path/],
  ['a route with a star inside', { routes: [{ path: '/a*b' }] }, /routes\[0\].path/],
  ['a route to nobody', { routes: [{ path: '/a', audience: 'b' }] }, /b is not among audiences/],
  ['a scope that nobody gets', { routes: [{ path: '/a', scope: 's' }] }, /not among the audience's scopes/],
  [
    'a header that forges',
    { upstream: { requestHeaders: ['X-Forwarded-For'] } },
    /must not reach an upstream/,
  ],
  ['its spelling for CGI', { upstream: { requestHeaders: ['x_real_ip'] } }, /must not reach an upstream/],
  ['a longer wait than the platform', { upstream: { timeoutSeconds: 26 } }, /from 0.1 to 25/],
  [
    'a budget that does not hold two bodies',
    { upstream: { maxBodyBytes: 33_554_433 } },
    /room for two bodies/,
  ],
  ['no time for a body', { requestBody: { timeoutSeconds: 0 } }, /timeoutSeconds: .* from 1 to 3600/],
  ['an origin with a path', { origins: ['https://a.example/app'] }, /origins: must be an https origin/],
  ['an origin that is null and not its name', { origins: [null] }, /origins: must be an https origin/],
  ['an issuer without an origin', { issuer: 'null' }, /issuer: must be an https origin/],
  ['an unknown context', { deployContexts: ['staging'] }, /deployContexts: must be one of/],
];

test("takes 'null', which stands for pages without an origin, where it is said", () => {
  expect(definePolicy({ origins: ['https://a.example', 'null'] }).origins).toEqual([
    'https://a.example',
    'null',
  ]);
  expect(definePolicy().origins).toEqual([]);
});

test.each(wrong)('refuses %s', (_, input, reason) => {
  expect(() => definePolicy(input as PolicyInput)).toThrow(ConfigurationError);
  expect(() => definePolicy(input as PolicyInput)).toThrow(reason);
});

test('says all that is wrong at once', () => {
  const input = { issuer: 'x', accessToken: { ttlSeconds: 1 }, origins: ['y'] };
  try {
    definePolicy(input);
    expect.unreachable();
  } catch (error) {
    expect((error as ConfigurationError).problems).toHaveLength(3);
    expect(error).toBeInstanceOf(TypeError);
  }
});

test('a real domain will do with admission', () => {
  const policy = definePolicy({ throwaway: { emailDomain: 'Guests.Example.com' }, admission: {} });
  expect(policy.throwaway.emailDomain).toBe('guests.example.com');
});

test('every limit may be a list of windows, of which each slides or not as its default does', () => {
  const windows = [
    { limit: 500, windowSeconds: 86_400 },
    { limit: 60, windowSeconds: 60 },
  ];
  for (const name of Object.keys(defaultLimits) as (keyof typeof defaultLimits)[]) {
    if (name === 'leaseSeconds') continue;
    const { limits } = definePolicy({ limits: { [name]: windows } });
    const usual: Limit = defaultLimits[name];
    const algorithm = usual.algorithm ?? 'sliding-window';
    expect(limits[name]).toEqual([
      { limit: 60, windowSeconds: 60, algorithm },
      { limit: 500, windowSeconds: 86_400, algorithm },
    ]);
  }
});
