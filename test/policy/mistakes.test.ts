import { expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';

// Mistakes of a site whose code is not type-checked: each is one problem, which names the field.

function problemsOf(input: unknown): readonly string[] {
  try {
    definePolicy(input as PolicyInput);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

const minute = { limit: 60, windowSeconds: 60 };
const turnstile = { siteKey: '0x4AAA' };

test.each([
  [null, 'policy: must be an object'],
  [[], 'policy: must be an object'],
  ['x', 'policy: must be an object'],
  [{ issuer: null }, 'issuer: must be an https origin'],
  [{ issuer: ['https://a.example'] }, 'issuer: must be an https origin'],
  [{ audiences: null }, 'audiences: must be an object'],
  [{ audiences: 'api' }, 'audiences: must be an object'],
  [{ audiences: ['api'], routes: [{ path: '/a', audience: 'api' }] }, 'audiences: must be an object'],
  [{ audiences: {} }, 'audiences: name at least one'],
  [{ audiences: { api: null } }, 'audiences.api: must be an object'],
  [
    { audiences: { api: null }, routes: [{ path: '/a', audience: 'api', scope: 's' }] },
    'audiences.api: must be an object',
  ],
  [{ audiences: { api: {} } }, 'audiences.api.secret: name an environment variable'],
  [{ audiences: { api: { secret: 5 } } }, 'audiences.api.secret: name an environment variable'],
  [
    { audiences: { api: { secret: 'A', secondarySecret: null } } },
    'audiences.api.secondarySecret: name an environment variable',
  ],
  [{ audiences: { api: { secret: 'A', scopes: 'read' } } }, 'audiences.api.scopes: must be a list'],
  [{ accessToken: 5 }, 'accessToken: must be an object'],
  [{ accessToken: null }, 'accessToken: must be an object'],
  [{ accessToken: { ttlSeconds: 'x' } }, 'accessToken.ttlSeconds: must be a whole number'],
  [{ throwaway: null }, 'throwaway: must be an object'],
  [{ throwaway: { emailDomain: 5 } }, 'throwaway.emailDomain: must be a domain name'],
  [{ admission: false }, 'admission: must be an object'],
  [{ admission: true }, 'admission: must be an object'],
  [{ admission: null }, 'admission: must be an object'],
  [{ admission: [] }, 'admission: must be an object'],
  [{ admission: { proof: null } }, 'admission.proof: must be one of'],
  [{ admission: { proof: 'pow', proofOfWork: {} } }, 'admission.proof: must be one of'],
  [
    { admission: { proofOfWork: { difficulty: 5 } } },
    "admission.proofOfWork: has no effect with proof 'none'; set proof: 'proof-of-work', or leave it out",
  ],
  [
    { admission: { proof: 'turnstile', turnstile, proofOfWork: {} } },
    "admission.proofOfWork: has no effect with proof 'turnstile'; set proof: 'proof-of-work'",
  ],
  [
    { admission: { turnstile } },
    "admission.turnstile: has no effect with proof 'none'; set proof: 'turnstile', or leave it out",
  ],
  [
    { admission: { proof: 'proof-of-work', turnstile } },
    "admission.turnstile: has no effect with proof 'proof-of-work'; set proof: 'turnstile'",
  ],
  [
    { admission: { proof: 'turnstile' } },
    "admission.turnstile: proof 'turnstile' needs the siteKey of a widget",
  ],
  [{ admission: { proof: 'turnstile', turnstile: null } }, 'admission.turnstile: must be an object'],
  [{ admission: { proof: 'turnstile', turnstile: {} } }, 'admission.turnstile.siteKey: copy the site key'],
  [{ admission: { turnstile: null } }, "admission.turnstile: has no effect with proof 'none'"],
  [{ admission: { proof: 'proof-of-work', proofOfWork: null } }, 'admission.proofOfWork: must be an object'],
  [
    { admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 'x' } } },
    'admission.proofOfWork.difficulty: must be a whole number',
  ],
  [
    { admission: { proof: 'proof-of-work', proofOfWork: { difficulty: 20_000 } } },
    'admission.proofOfWork.maxDifficulty: must not be below difficulty',
  ],
  [{ mode: null }, 'mode: must be one of'],
  [{ storeFailure: null }, 'storeFailure: must be one of'],
  [{ origins: null }, 'origins: must be a list'],
  [{ origins: [null] }, 'origins: must be an https origin'],
  [{ exposeHeaders: null }, 'exposeHeaders: must be a list'],
  [{ limits: null }, 'limits: must be an object'],
  [{ limits: { signup: null } }, 'limits.signup: must be an object'],
  [{ limits: { signup: 100 } }, 'limits.signup: must be an object'],
  [{ limits: { signup: { limit: 5 } } }, 'limits.signup.windowSeconds: must be a whole number'],
  [
    { limits: { signup: { limit: 5, windowSeconds: 5, algorithm: null } } },
    'limits.signup.algorithm: must be one of',
  ],
  [{ limits: { session: [] } }, 'limits.session: name at least one window'],
  [{ limits: { session: [null] } }, 'limits.session[0]: must be an object'],
  [{ limits: { session: { limit: 5, windowSeconds: 2_592_001 } } }, 'limits.session.windowSeconds: must be'],
  [{ limits: { session: [minute, minute] } }, 'limits.session: has two windows of 60 s'],
  [
    { limits: { session: [minute, { limit: 60, windowSeconds: 3600 }] } },
    'limits.session: 60 in 60 s can never bind, given 60 in 3600 s',
  ],
  [
    { limits: { session: [minute, { limit: 3660, windowSeconds: 3600 }] } },
    'limits.session: 3660 in 3600 s can never bind, given 60 in 60 s',
  ],
  [
    { limits: { total: { limit: 59, windowSeconds: 60 } } },
    "limits.total: 59 in 60 s is below one session's 60",
  ],
  [{ limits: { leaseSeconds: -1 } }, 'limits.leaseSeconds: must be 0, or a number from 0.5 to 60'],
  [
    { limits: { total: { limit: 59, windowSeconds: 3600 } } },
    "limits.total: 59 in 3600 s is below one session's",
  ],
  [
    { routes: [{ path: '/a', limits: { total: { limit: 5, windowSeconds: 60 } } }] },
    "routes[0].limits.total: 5 in 60 s is below one session's 60",
  ],
  [{ limits: { leaseSeconds: 0.1 } }, 'limits.leaseSeconds: must be 0, or a number from 0.5 to 60'],
  [
    { routes: [{ path: '/a', cost: { answer: 'Set-Cookie' } }] },
    'routes[0].cost.answer: name a header field',
  ],
  [{ limits: { leaseSeconds: null } }, 'limits.leaseSeconds: must be'],
  [{ limits: { leaseSeconds: '5' } }, 'limits.leaseSeconds: must be 0, or a number from 0.5 to 60'],
  [{ limits: { leaseSeconds: true } }, 'limits.leaseSeconds: must be 0, or a number from 0.5 to 60'],
  [{ limits: { leaseSeconds: [5] } }, 'limits.leaseSeconds: must be 0, or a number from 0.5 to 60'],
  [{ limits: { exchange: [] } }, 'limits.exchange: name at least one window'],
  [{ limits: { signup: [minute, 5] } }, 'limits.signup[1]: must be an object'],
  [{ limits: { renewal: [minute, minute] } }, 'limits.renewal: has two windows of 60 s'],
  [
    { limits: { exchange: [minute, { limit: 50, windowSeconds: 86_400 }] } },
    'limits.exchange: 60 in 60 s can never bind, given 50 in 86400 s',
  ],
  [
    { limits: { session: { limit: 500, windowSeconds: 86_400 }, total: { limit: 499, windowSeconds: 60 } } },
    "limits.total: 499 in 60 s is below one session's 500",
  ],
  [
    {
      routes: [
        {
          path: '/a',
          limits: { session: { limit: 500, windowSeconds: 3600 }, total: { limit: 59, windowSeconds: 1 } },
        },
      ],
    },
    "routes[0].limits.total: 59 in 1 s is below one session's 60",
  ],
  [{ routes: [{ path: '/a', limits: { sesion: minute } }] }, 'routes[0].limits: sesion is unknown'],
  [{ routes: [{ path: '/a', limits: { leaseSeconds: 1 } }] }, 'routes[0].limits: leaseSeconds is unknown'],
  [{ routes: [{ path: '/a', limits: { total: 5 } }] }, 'routes[0].limits.total: must be an object'],
  [
    { routes: [{ path: '/a', verify: false, limits: { session: minute } }] },
    'routes[0].limits.session: there are no sessions where verify is false',
  ],
  [{ routes: [{ path: '/a', cost: 0 }] }, 'routes[0].cost: must be a whole number'],
  [{ routes: [{ path: '/a', cost: null }] }, 'routes[0].cost: must be a whole number'],
  [
    { routes: [{ path: '/a', cost: 61 }] },
    'routes[0].cost: 61 is above a limit that counts these calls (60)',
  ],
  [
    { routes: [{ path: '/a', cost: 6, limits: { address: { limit: 5, windowSeconds: 1 } } }] },
    'routes[0].cost: 6 is above a limit that counts these calls (5)',
  ],
  [{ routes: [{ path: '/a', cost: { answer: 'no field' } }] }, 'routes[0].cost.answer: name a header field'],
  [{ routes: [{ path: '/a', cost: {} }] }, 'routes[0].cost.answer: name a header field'],
  [{ routes: null }, 'routes: must be a list'],
  [{ routes: [null] }, 'routes[0]: must be an object'],
  [{ routes: ['/api/*'] }, 'routes[0]: must be an object'],
  [{ routes: [{ path: '/a', audience: {} }] }, 'routes[0].audience: this is not among audiences'],
  [{ routes: [{ path: '/a', scope: null }] }, 'routes[0].scope: a scope is printable ASCII'],
  [{ routes: [{ path: '/a', methods: null }] }, 'routes[0].methods: must be a list'],
  [{ routes: [{ path: '/a', methods: [] }] }, 'routes[0].methods: name at least one, or leave it out'],
  [{ routes: [{ path: '/a', methods: [5] }] }, 'routes[0].methods: write methods in upper case'],
  [{ routes: [{ path: '/a', verify: null }] }, 'routes[0].verify: must be true or false'],
  [{ upstream: 'x' }, 'upstream: must be an object'],
  [{ upstream: { requestHeaders: null } }, 'upstream.requestHeaders: must be a list'],
  [{ upstream: { requestHeaders: false } }, 'upstream.requestHeaders: must be a list'],
  [{ upstream: { requestHeaders: 0 } }, 'upstream.requestHeaders: must be a list'],
  [{ upstream: { requestHeaders: '' } }, 'upstream.requestHeaders: must be a list'],
  [{ upstream: { requestHeaders: [null] } }, 'upstream.requestHeaders: must hold names of header fields'],
  [
    { upstream: { requestHeaders: ['X-User-Id'] } },
    'upstream.requestHeaders: X-User-Id must not reach an upstream',
  ],
  [{ upstream: { clientAddress: 'yes' } }, 'upstream.clientAddress: must be true or false'],
  [{ deployContexts: null }, 'deployContexts: must be a list'],
  [{ deployContexts: [] }, 'deployContexts: name at least one'],
])('%j is one problem', (input, problem) => {
  expect(problemsOf(input)).toEqual([expect.stringContaining(problem)]);
  expect(problemsOf(input)[0]?.startsWith(problem)).toBe(true);
});

test('a field that is undefined is one left out', () => {
  const { limits, ...others } = definePolicy();
  const nothing = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, undefined]));
  const said = definePolicy({
    ...nothing(Object.keys(others).filter((name) => name !== 'defaultAudience')),
    limits: nothing(Object.keys(limits)),
  });
  expect(said).toEqual(definePolicy());
  const work = { difficulty: undefined } as unknown as { difficulty: number };
  const { admission } = definePolicy({ admission: { proof: 'proof-of-work', proofOfWork: work } });
  expect(admission?.proofOfWork.difficulty).toBe(1000);
});

test('what the site wrote is copied, not frozen', () => {
  const methods = ['GET'];
  definePolicy({ routes: [{ path: '/a', methods }] });
  expect(Object.isFrozen(methods)).toBe(false);
});
