import { expect, test } from 'vitest';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { ConfigurationError } from '../../src/protocol/error.ts';
import { fc } from '../support/property.ts';

type Tree = Record<string, unknown>;

const limit = { limit: 5, windowSeconds: 60, algorithm: 'fixed-window' };
/** Every field there is, all sound: `turnstile` stands in the other one. */
const whole: Tree = {
  issuer: 'https://a.example',
  audiences: {
    api: { secret: 'A', secondarySecret: 'B', scopes: ['read'] },
    other: { secret: 'C', scopes: [] },
  },
  accessToken: { ttlSeconds: 300, renewalGraceSeconds: 3600, sessionSeconds: 43_200 },
  throwaway: { emailDomain: 'guests.example.com' },
  admission: {
    proof: 'proof-of-work',
    members: 'deny',
    proofOfWork: { difficulty: 5, maxDifficulty: 9, baselinePerMinute: 5, ttlSeconds: 60 },
  },
  mode: 'monitor',
  storeFailure: 'deny',
  origins: ['https://b.example'],
  exposeHeaders: ['ETag'],
  limits: { exchange: limit, site: limit, signup: limit },
  routes: [
    { path: '/a', audience: 'api', scope: 'read', methods: ['GET'], upstream: 'U', verify: true },
    { path: '/b/*', verify: false },
  ],
  upstream: {
    timeoutSeconds: 5,
    requestHeaders: ['x-a'],
    clientAddress: true,
    maxBodyBytes: 500_000,
    stream: true,
  },
  requestBody: { bufferBytes: 2_000_000, timeoutSeconds: 5 },
  deployContexts: ['production'],
};
const other: Tree = { ...whole, admission: { proof: 'turnstile', turnstile: { siteKey: '0x4AAA' } } };

/** The way to every value inside another, the whole too. */
function placesIn(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [at, ...inner.flatMap(([key, child]) => placesIn(child, [...at, key]))];
}

function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  const copy = structuredClone(value) as Tree;
  copy[key] = replaced(copy[key], rest, by);
  return copy;
}

function outcomeOf(input: unknown): 'a policy' | readonly string[] {
  try {
    const policy = definePolicy(input as PolicyInput);
    expect(Object.isFrozen(policy)).toBe(true);
    return 'a policy';
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).problems;
  }
}

/** An object that no text can be made of. */
const unprintable = { toString: 1, valueOf: 1 };
const anything = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(undefined, unprintable, [unprintable], { unprintable }, Number.NaN, -0),
  fc.constantFrom('__proto__', 'toString', 'constructor', 'GET', 'none', 'turnstile', 'api', 'A'),
  fc.constant(JSON.parse('{"__proto__":{"secret":"X"}}')),
);

test.each([
  ['proof of work', whole],
  ['Turnstile', other],
])('anything at any place of a policy is a policy or a problem that names its field (%s)', (_, base) => {
  expect(outcomeOf(base)).toBe('a policy');
  const named = new RegExp(`^(policy|${Object.keys(base).join('|')})\\b.*: .`, 's');
  fc.assert(
    fc.property(fc.constantFrom(...placesIn(base)), anything, (place, value) => {
      // Left out, a policy says nothing and is whole.
      const outcome = outcomeOf(replaced(base, place, value));
      if (outcome === 'a policy') return;
      expect(outcome.length).toBeGreaterThan(0);
      for (const problem of outcome) expect(problem).toMatch(named);
    }),
    { numRuns: 2000 },
  );
});

test('what no text can be made of is a problem at every place', () => {
  for (const base of [whole, other]) {
    for (const place of placesIn(base)) {
      const problems = outcomeOf(replaced(base, place, unprintable));
      expect(problems, place.join('.')).not.toBe('a policy');
    }
  }
});
