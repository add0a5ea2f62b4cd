import { expect, test } from 'vitest';
import { type ExchangeDependencies, exchange } from '../../src/broker/exchange.ts';
import { createIdentityClient } from '../../src/identity/client.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { createPrivateKeys } from '../../src/token/keys.ts';
import { type ParsedToken, parseToken } from '../../src/token/verify.ts';
import { oddUser } from '../support/oddUser.ts';
import { fc } from '../support/property.ts';
import { issuer, now, privateSecret, ring, sign } from '../support/tokens.ts';

// The worst that could happen is that a member is deleted. So: whatever Identity says a user is, DELETE is called for
// none that breaks the exchange rule. The rule stands here a second time, in other words than in src/identity.

const id = '20675436-07be-4d28-b3aa-7fe0e7c2ddb1';

function mayBeDeleted(user: Record<string, unknown>): boolean {
  const metadata = user.app_metadata as { provider?: unknown; roles?: unknown } | null | undefined;
  const stamp = String(user.created_at);
  const created = /^\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z$/.test(stamp) ? Date.parse(stamp) / 1000 : Number.NaN;
  return (
    user.id === id &&
    user.aud === '' &&
    user.role === '' &&
    typeof user.email === 'string' &&
    /^[!-?A-~]+@visitor\.invalid$/i.test(user.email) &&
    metadata?.provider === 'email' &&
    (metadata.roles === undefined || metadata.roles === null || JSON.stringify(metadata.roles) === '[]') &&
    created >= now - 660 &&
    created <= now + 60
  );
}

const user = oddUser({ id, oldestSeconds: 700, youngestSeconds: -100 });

test('DELETE is called for no user that breaks the exchange rule', async () => {
  const policy = definePolicy();
  const pass = { name: 'any', allowed: true, limit: 1, windowSeconds: 1, remaining: 1, resetSeconds: 1 };
  const limiter = { consume: async () => [pass], peek: () => undefined, refund: async () => undefined };
  const limiters = { address: limiter, network: limiter };
  let record: Record<string, unknown> = {};
  let deleted: string[] = [];
  const broker: ExchangeDependencies = {
    policy,
    issuer,
    deployContext: 'production',
    keyRings: new Map([['api', ring]]),
    privateKeys: await createPrivateKeys(privateSecret),
    identityBudgetMilliseconds: 3000,
    identity: createIdentityClient({
      url: 'https://site.example/.netlify/identity',
      fetch: async (input, init) => {
        if (init?.method === 'DELETE') deleted.push(String(input));
        return Response.json(init?.method === 'DELETE' ? {} : record);
      },
    }),
    identityJwtSecret: undefined,
    operatorToken: () => 'operator',
    redemptions: { reserve: async () => 'nonce', release: async () => undefined },
    limiters: { site: limiter },
    addressLimiters: { exchange: limiters, exchangeRefused: limiters },
    refusedTokens: { refuse: async () => undefined, remember: async () => undefined },
    now: () => now,
  };
  const compact = await sign({ alg: 'HS256', kid: 'nf-ident', typ: 'JWT' }, { exp: now + 3600, sub: id });
  const identityToken = { compact, ...(parseToken(compact) as ParsedToken) };
  const request = { kind: 'exchange', identityToken, audience: undefined, scopes: undefined } as const;
  const counts = { deleted: 0, kept: 0 };

  const caller = { address: 'hashed', network: undefined, isKnown: true };

  await fc.assert(
    fc.asyncProperty(user, async (generated) => {
      record = generated as Record<string, unknown>;
      deleted = [];
      const minted = await exchange(broker, request, caller).then(
        () => true,
        () => false,
      );
      // JSON drops what is undefined, as the wire would.
      const expected = mayBeDeleted(JSON.parse(JSON.stringify(record)));
      expect([deleted.length > 0, minted]).toEqual([expected, expected]);
      counts[expected ? 'deleted' : 'kept'] += 1;
    }),
    { numRuns: 10_000 },
  );
  // Both kinds were met often enough to mean something.
  expect(counts.deleted).toBeGreaterThan(300);
  expect(counts.kept).toBeGreaterThan(3000);
});
