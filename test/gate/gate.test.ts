import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createGateHandler, type Gate } from '../../src/gate/gate.ts';
import { definePolicy } from '../../src/policy/define.ts';
import type { PolicyInput } from '../../src/policy/types.ts';
import { DaypassError } from '../../src/protocol/error.ts';
import { createKeyRing } from '../../src/token/keys.ts';
import { newSubject } from '../../src/token/mint.ts';
import { createVerifiedTokens } from '../../src/token/verify.ts';
import { patientBodies } from '../support/bodies.ts';
import { connectSessionCheck, type SessionCheckParts, uncounted } from '../support/gateParts.ts';
import { startUpstream, type Upstream } from '../support/recordingUpstream.ts';
import { useRedisBridge } from '../support/redisParts.ts';
import { goodClaims, goodHeader, issuer, now, otherSecret, ring, sign } from '../support/tokens.ts';

const bridge = useRedisBridge();
const adminRing = await createKeyRing({ audience: 'admin', secret: otherSecret });
const address = '203.0.113.7';
let upstream: Upstream;
beforeAll(async () => {
  upstream = await startUpstream((response) => response.end('from the upstream'));
});
afterAll(() => upstream.close());

const policyInput: PolicyInput = {
  audiences: {
    api: { secret: 'DAYPASS_SECRET', scopes: ['write'] },
    admin: { secret: 'ADMIN_SECRET' },
  },
  routes: [
    { path: '/api/admin/*', audience: 'admin' },
    { path: '/api/write', scope: 'write' },
    { path: '/api/read', methods: ['GET'] },
    { path: '/api/unset', upstream: 'UNSET' },
    { path: '/api/dead', upstream: 'DEAD' },
    { path: '/api/private/*', verify: false },
    { path: '/api/*' },
  ],
};

function connect(limits: Parameters<typeof connectSessionCheck>[1] = {}): {
  gate: Gate;
  parts: SessionCheckParts;
} {
  const parts = connectSessionCheck(bridge(), limits);
  const gate = createGateHandler({
    policy: definePolicy(policyInput),
    issuer,
    deployContext: 'production',
    sessionsNotBefore: undefined,
    verifiedTokens: createVerifiedTokens(10),
    keyRings: new Map([
      ['api', ring],
      ['admin', adminRing],
    ]),
    checkSession: parts.checkCharging,
    flush: async () => undefined,
    counters: parts.counters,
    now: () => now,
    bodies: patientBodies,
    upstreams: new Map([
      ['DAYPASS_UPSTREAM', new URL(`${upstream.url}v1/`)],
      ['DEAD', new URL('http://127.0.0.1:1')],
    ]),
  });
  return { gate, parts };
}

const tokenOf = (claims: object = {}) => sign(goodHeader, { ...goodClaims, sub: newSubject(), ...claims });

async function call(gate: Gate, path: string, init: RequestInit & { token?: string } = {}, from = address) {
  const { token = await tokenOf(), ...rest } = init;
  const headers = new Headers(rest.headers);
  headers.set('authorization', `Bearer ${token}`);
  return gate.handle(new Request(issuer + path, { ...rest, headers }), { address: from, requestId: 'r1' });
}

async function refusal(answer: Promise<Response>): Promise<DaypassError> {
  const thrown = await answer.then(
    (response) => new Error(`passed with ${response.status}`),
    (error: unknown) => error,
  );
  if (!(thrown instanceof DaypassError)) throw thrown;
  return thrown;
}

test('a call with a good token reaches the upstream under its prefix, once, with the token', async () => {
  const { gate } = connect();
  const token = await tokenOf();
  const before = upstream.received.length;
  const response = await call(gate, '/api/items?page=2', { method: 'POST', body: 'x', token });
  expect(await response.text()).toBe('from the upstream');
  const [received, ...more] = upstream.received.slice(before);
  expect(more).toEqual([]);
  expect(received).toMatchObject({ method: 'POST', url: '/v1/api/items?page=2', body: Buffer.from('x') });
  expect(received?.headers.authorization).toBe(`Bearer ${token}`);
});

test('the answer says what is left', async () => {
  const { gate } = connect({ session: 5, address: 50 });
  const { headers } = await call(gate, '/api/items', {}, '198.51.100.20');
  expect(headers.get('ratelimit-policy')).toBe('"session";q=5;w=3600, "address";q=50;w=3600');
  expect(headers.get('ratelimit')).toMatch(/^"session";r=4;t=\d+, "address";r=49;t=\d+$/);
});

describe('refusals, each before anything that comes after it in the way of a call', () => {
  test.each([
    ['no route', '/elsewhere', {}, 'not_found'],
    ['a method that the route does not take', '/api/read', { method: 'POST' }, 'method_not_allowed'],
    ['a path that may lead elsewhere', '/api/..%2fadmin', {}, 'path_refused'],
    ['an upstream that is not set', '/api/unset', {}, 'not_configured'],
    ['a token that is none', '/api/x', { token: 'nonsense' }, 'token_malformed'],
    ['the audience of another route', '/api/admin/x', {}, 'token_key'],
    ['want of a scope', '/api/write', {}, 'insufficient_scope'],
  ])('%s: neither Redis nor the upstream is asked', async (_name, path, init, code) => {
    const { gate } = connect();
    const before = { redis: bridge().requests, upstream: upstream.received.length };
    expect((await refusal(call(gate, path, init))).code).toBe(code);
    expect({ redis: bridge().requests, upstream: upstream.received.length }).toEqual(before);
  });

  test('no token at all', async () => {
    const { gate } = connect();
    const request = new Request(`${issuer}/api/x`);
    expect((await refusal(gate.handle(request, { address, requestId: 'r1' }))).code).toBe('token_missing');
  });

  test('a session that was revoked or has used up its calls: the upstream is not asked', async () => {
    const { gate, parts } = connect({ session: 1 });
    const [revoked, greedy] = [newSubject(), newSubject()];
    await parts.revocations.revoke(await parts.hashIdentifier(revoked), 60);
    const token = await tokenOf({ sub: greedy });
    await call(gate, '/api/x', { token });
    const before = upstream.received.length;
    expect((await refusal(call(gate, '/api/x', { token: await tokenOf({ sub: revoked }) }))).code).toBe(
      'token_revoked',
    );
    const limited = await refusal(call(gate, '/api/x', { token }));
    expect(limited.code).toBe('rate_limited');
    expect(limited.headers).toHaveProperty('ratelimit');
    expect(upstream.received.length).toBe(before);
  });
});

test('a call that the upstream did not answer has counted, and says so', async () => {
  const error = await refusal(call(connect({ session: 5 }).gate, '/api/dead'));
  expect(error).toMatchObject({ code: 'upstream_unreachable', status: 502, retryAfterSeconds: 5 });
  expect(error.headers.ratelimit).toMatch(/^"session";r=4;/);
});

test('a token whose scope suffices passes', async () => {
  const response = await call(connect().gate, '/api/write', { token: await tokenOf({ scope: 'write' }) });
  expect(response.status).toBe(200);
});

test.each([
  ['/api/admin', 'token_key'],
  ['/api/./admin/x', 'token_key'],
  ['/api/%61dmin/x', 'path_refused'],
  ['/api/ADMIN/x', 'path_refused'],
  ['/api/admin;a/x', 'path_refused'],
])('no spelling of a path gets past the route of another audience: %s, %s', async (path, code) => {
  expect((await refusal(call(connect().gate, path))).code).toBe(code);
});

test('where the backend has a log-in of its own, its token goes on as it came, and the address is limited', async () => {
  const { gate } = connect({ address: 2 });
  const member = (path: string) => call(gate, path, { token: 'of.another.kind' }, '198.51.100.9');
  const response = await member('/api/private/me');
  expect(response.status).toBe(200);
  expect(upstream.received.at(-1)?.headers.authorization).toBe('Bearer of.another.kind');
  expect(response.headers.get('ratelimit-policy')).toMatch(/^"address";q=2;w=\d+$/);
  await member('/api/private/me');
  expect((await refusal(member('/api/private/me'))).code).toBe('rate_limited');
  // Beside it, ours is asked as before.
  expect((await refusal(member('/api/items'))).code).toBe('token_malformed');
});

test('10 000 forged fields move a caller to no other address', async () => {
  const asked = vi.fn();
  const checkSession = async (_subject: string | undefined, from: string | undefined) => {
    asked(from);
    throw new DaypassError('rate_limited');
  };
  const gate = createGateHandler({
    policy: definePolicy(policyInput),
    issuer,
    deployContext: 'production',
    sessionsNotBefore: undefined,
    verifiedTokens: createVerifiedTokens(10),
    keyRings: new Map([['api', ring]]),
    checkSession,
    flush: async () => undefined,
    counters: uncounted,
    now: () => now,
    bodies: patientBodies,
    upstreams: new Map([['DAYPASS_UPSTREAM', upstream.url]]),
  });
  const names = [
    'X-Forwarded-For',
    'x_forwarded_for',
    'Forwarded',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'Client-IP',
    'X-Client-IP',
    'x-nf-client-connection-ip',
    'x-nf-geo',
  ];
  const token = await tokenOf();
  for (let index = 0; index < 10_000; index += 1) {
    const forged = `${index % 256}.${(index >> 8) % 256}.1.1`;
    const name = names[index % names.length] as string;
    const headers = { [name]: name === 'Forwarded' ? `for=${forged}` : forged };
    await refusal(call(gate, '/api/x', { headers, token }));
  }
  expect(asked).toHaveBeenCalledTimes(10_000);
  expect(new Set(asked.mock.calls.flat())).toEqual(new Set([address]));
});
