import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { formatPolicy, toPolicyInput } from '../../../cli/policy/describe.ts';
import { definePolicy } from '../../../src/policy/define.ts';
import type { PolicyInput } from '../../../src/policy/types.ts';
import { fc } from '../../support/property.ts';

/** Runs the printed module. */
function evaluate(text: string): PolicyInput {
  const source = text.replace('export default definePolicy(', '(');
  // As plain objects of this realm, which toEqual compares.
  return JSON.parse(JSON.stringify(runInNewContext(source)));
}

const seconds = fc.integer({ min: 60, max: 3600 });
const limit = fc.record({
  limit: fc.integer({ min: 100, max: 10_000 }),
  windowSeconds: seconds,
  algorithm: fc.constantFrom('sliding-window' as const, 'fixed-window' as const),
});
const inputs: fc.Arbitrary<PolicyInput> = fc.record(
  {
    issuer: fc.constant('https://a.example'),
    audiences: fc.constant({
      'an-audience': { secret: 'A', scopes: ['read', "o'clock"] },
      other: { secret: 'B', secondarySecret: 'C' },
    }),
    accessToken: fc.record({ ttlSeconds: seconds }),
    throwaway: fc.constant({ emailDomain: 'guests.invalid' }),
    admission: fc.constantFrom(
      {},
      { members: 'deny' as const },
      { proof: 'proof-of-work' as const, proofOfWork: { difficulty: 5 } },
      { proof: 'turnstile' as const, turnstile: { siteKey: '0x4AAA' } },
    ),
    mode: fc.constantFrom('enforce' as const, 'monitor' as const),
    origins: fc.constant(['https://b.example', 'null']),
    limits: fc.record(
      { exchange: limit, session: limit, leaseSeconds: fc.constant(5) },
      { requiredKeys: [] },
    ),
    routes: fc.constantFrom(
      [{ path: '/b/*', verify: false }, { path: '/a/*' }],
      [
        {
          path: '/a',
          methods: ['GET'],
          cost: { answer: 'daypass-cost' },
          limits: {
            address: [
              { limit: 5, windowSeconds: 60 },
              { limit: 50, windowSeconds: 3600 },
            ],
          },
        },
      ],
    ),
    upstream: fc.constant({ requestHeaders: ['x-a'], stream: true }),
    deployContexts: fc.constant(['production' as const]),
  },
  { requiredKeys: [] },
);

test('what is printed is a policy that means the same', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const policy = definePolicy(input);
      expect(definePolicy(toPolicyInput(policy))).toEqual(policy);
      expect(definePolicy(evaluate(formatPolicy(policy)))).toEqual(policy);
    }),
  );
});

test('a value that differs stands next to its default', () => {
  const text = formatPolicy(definePolicy({ mode: 'monitor', accessToken: { ttlSeconds: 600 } }));
  expect(text).toContain("  mode: 'monitor', // default: 'enforce'\n");
  expect(text).toContain(
    '  accessToken: { ttlSeconds: 600, renewalGraceSeconds: 3600, sessionSeconds: 43200 }, // default: { ttlSeconds: 300,',
  );
  expect(text).toContain("  storeFailure: 'local',\n");
  expect(text).toContain("  // issuer: not set, so the site's primary URL\n");
});
