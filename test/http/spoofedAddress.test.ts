import { beforeAll, expect, test } from 'vitest';
import { createSessionCheck } from '../../src/gate/checkSession.ts';
import { createGateHandler } from '../../src/gate/gate.ts';
import { createGateApp } from '../../src/http/gateApp.ts';
import type { Leases } from '../../src/limits/leases.ts';
import type { Decision } from '../../src/limits/meter.ts';
import { definePolicy } from '../../src/policy/define.ts';
import { createVerifiedTokens } from '../../src/token/verify.ts';
import { patientBodies } from '../support/bodies.ts';
import { uncounted } from '../support/gateParts.ts';
import { goodClaims, goodHeader, issuer, now, ring, sign } from '../support/tokens.ts';

// Pure: the gate with limits that only note whom they were asked about.

const asked = { session: new Set<string>(), address: new Set<string>(), network: new Set<string>() };
const events: string[] = [];
let token = '';
beforeAll(async () => {
  token = await sign(goodHeader, goodClaims);
});

const refusal: Decision = {
  name: 'any',
  allowed: false,
  limit: 1,
  windowSeconds: 60,
  remaining: 0,
  resetSeconds: 9,
};

const noting: Leases = {
  async take({ meters }) {
    for (const { meter, bucket } of meters) asked[meter.name as keyof typeof asked].add(bucket);
    // Refusing keeps the upstream out of it.
    return { isRevoked: false, decisions: [refusal] };
  },
  takeLocally: () => [refusal],
  charge: () => undefined,
  flush: async () => undefined,
};

const gate = createGateHandler({
  policy: definePolicy(),
  issuer,
  deployContext: 'production',
  sessionsNotBefore: undefined,
  verifiedTokens: createVerifiedTokens(10),
  keyRings: new Map([['api', ring]]),
  upstreams: new Map([['DAYPASS_UPSTREAM', new URL('http://127.0.0.1:1')]]),
  checkSession: createSessionCheck({
    hashIdentifier: async (identifier) => identifier,
    revocations: {
      revoke: async () => undefined,
      isRevoked: async () => false,
      isKnown: () => false,
      remember: () => undefined,
    },
    policy: definePolicy(),
    leases: noting,
    circuit: { run: (call) => call() },
    counters: uncounted,
    log: (event) => events.push(event),
  }),
  bodies: patientBodies,
  flush: async () => undefined,
  counters: uncounted,
  now: () => now,
});
const app = createGateApp(gate, definePolicy(), (event) => events.push(event));

const call = (headers: Record<string, string>, clientAddress: string | undefined) =>
  app.request(
    `${issuer}/api/x`,
    { headers: { ...headers, authorization: `Bearer ${token}` } },
    { clientAddress },
  );

function forgedHeaders(seed: number): Record<string, string> {
  const address =
    seed % 2 === 0
      ? `198.51.${(seed >> 8) & 255}.${seed & 255}`
      : `2001:db8:${(seed % 65_536).toString(16)}::1`;
  const names = [
    'x-forwarded-for',
    'x-real-ip',
    'x-nf-client-connection-ip',
    'x-nf-request-id',
    'x-nf-geo',
    'client-ip',
    'true-client-ip',
    'cf-connecting-ip',
    'x-client-ip',
    'x-cluster-client-ip',
    'fastly-client-ip',
    'x_forwarded_for',
  ];
  const forged: Record<string, string> = {
    forwarded: `for="${address.includes(':') ? `[${address}]` : address}";proto=https`,
  };
  for (const [index, name] of names.entries()) {
    // Each request brings another choice of fields; some bring lists.
    if ((seed >> (index % 8)) % 2 === 0) forged[name] = seed % 3 === 0 ? `${address}, 10.0.0.1` : address;
  }
  return forged;
}

test('a thousand choices of forged headers move no caller to another bucket', async () => {
  for (const notes of Object.values(asked)) notes.clear();
  const statuses = new Set<number>();
  for (let seed = 0; seed < 1_000; seed += 1) {
    statuses.add((await call(forgedHeaders(seed), '203.0.113.7')).status);
  }
  expect([...statuses]).toEqual([429]);
  expect([...asked.address]).toEqual(['203.0.113.7']);
  expect([...asked.session]).toEqual([goodClaims.sub]);
  expect([...asked.network]).toEqual([]);
});

test('callers without an address share one bucket, whatever they claim, and that is logged once', async () => {
  for (const notes of Object.values(asked)) notes.clear();
  events.length = 0;
  for (let seed = 0; seed < 100; seed += 1) await call(forgedHeaders(seed), undefined);
  expect([...asked.address]).toEqual(['unknown']);
  expect(events.filter((event) => event === 'address_unknown')).toHaveLength(1);
});

test('the address that the platform vouches for decides', async () => {
  for (const notes of Object.values(asked)) notes.clear();
  for (const address of ['2001:db8:1:2::3', '2001:db8:1:3::3', '::ffff:203.0.113.7', '203.0.113.7']) {
    await call({}, address);
  }
  expect([...asked.address]).toEqual(['2001:db8:1:2::/64', '2001:db8:1:3::/64', '203.0.113.7']);
  expect([...asked.network]).toEqual(['2001:db8:1::/48']);
});
