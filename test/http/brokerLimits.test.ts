import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DaypassError } from '../../src/protocol/error.ts';
import type { TokenResponse } from '../../src/protocol/messages.ts';
import { type BrokerStack, outcome, startBrokerStack } from '../support/brokerStack.ts';

// Every address of the broker has a limit, counted before a body is read.

const limit = { limit: 3, windowSeconds: 3600, algorithm: 'fixed-window' } as const;
/** Seconds since the epoch. */
let now: number;
let stack: BrokerStack;
let bearer: string;
let basic: string;
beforeEach(async () => {
  now = Math.floor(Date.now() / 1000);
  stack = await startBrokerStack({
    now: () => now,
    policy: {
      limits: {
        revoke: limit,
        status: limit,
        challenge: limit,
        introspection: limit,
        introspectionRefused: limit,
        maintenance: limit,
        maintenanceRefused: limit,
      },
    },
  });
  const { privateKeys } = stack.broker;
  bearer = `Bearer ${await privateKeys.maintenanceBearer()}`;
  basic = `Basic ${btoa(`api:${await privateKeys.introspectionSecret('api')}`)}`;
});
afterEach(() => stack.close());

const here = '203.0.113.7';
const elsewhere = '198.51.100.7';
const form = (fields: Record<string, string> = {}) => ({
  method: 'POST',
  body: new URLSearchParams({ token: 'x', ...fields }),
});
const ask = async (path: string, init: RequestInit, address = here) =>
  outcome(await stack.request(path, init, address));

/** A body that says when it is read, and never ends. */
function endless() {
  const seen = { reads: 0 };
  const body = new ReadableStream({ pull: () => new Promise(() => (seen.reads += 1)) }, { highWaterMark: 0 });
  return { seen, init: { method: 'POST', body, duplex: 'half' } as RequestInit };
}

async function session(): Promise<string> {
  const answer = await stack.exchange(await stack.identityToken());
  return ((await answer.json()) as TokenResponse).access_token;
}

describe('by address', () => {
  test.each([
    ['/session/revoke', 'revoke', () => form()],
    ['/session/status', 'status', () => ({})],
    ['/session/challenge', 'challenge', () => ({})],
  ] as const)('%s', async (path, name, init) => {
    for (let calls = 0; calls < 3; calls += 1) expect(await ask(path, init())).toBe('200');
    const refusal = await stack.request(path, init(), here);
    expect(refusal.headers.get('ratelimit-policy')).toBe(`"${name}";q=3;w=3600`);
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await outcome(refusal)).toBe('429 rate_limited');
    expect(await ask(path, init(), elsewhere)).toBe('200');
  });

  test('a flood of revocations costs Redis nothing once it is refused', async () => {
    const token = await session();
    for (let calls = 0; calls < 4; calls += 1) await ask('/session/revoke', form({ token }));
    const before = stack.redis.requests;
    for (let calls = 0; calls < 200; calls += 1) {
      expect(await ask('/session/revoke', form({ token }))).toBe('429 rate_limited');
    }
    expect(stack.redis.requests).toBe(before);
  });

  test('the flood of one session ends no other: a page elsewhere revokes as before', async () => {
    const [flooded, honest] = [await session(), await session()];
    for (let calls = 0; calls < 10; calls += 1) await ask('/session/revoke', form({ token: flooded }));
    expect(await ask('/session/revoke', form({ token: honest }), elsewhere)).toBe('200');
    expect(
      await ask('/session/introspect', { ...form({ token: honest }), headers: { authorization: basic } }),
    ).toBe('200');
  });
});

describe('whoever has the right secret', () => {
  test('introspection counts by audience, from any address', async () => {
    const init = () => ({ ...form(), headers: { authorization: basic } });
    for (const address of [here, elsewhere, '192.0.2.1']) {
      expect(await ask('/session/introspect', init(), address)).toBe('200');
    }
    expect(await ask('/session/introspect', init(), '192.0.2.2')).toBe('429 rate_limited');
    const { privateKeys } = stack.broker;
    const other = `Basic ${btoa(`admin:${await privateKeys.introspectionSecret('admin')}`)}`;
    expect(await ask('/session/introspect', { ...form(), headers: { authorization: other } })).toBe('200');
  });

  test('an introspection is one request to Redis', async () => {
    const init = { ...form({ token: await session() }), headers: { authorization: basic } };
    await ask('/session/introspect', init);
    const before = stack.redis.requests;
    await ask('/session/introspect', init);
    expect(stack.redis.requests - before).toBe(1);
  });

  test('a limit that Redis does not count hides nothing from its caller', async () => {
    const init = { ...form({ token: await session() }), headers: { authorization: basic } };
    stack.broker.limiters.introspection.consume = async () => {
      throw new DaypassError('store_unavailable');
    };
    const answer = await stack.request('/session/introspect', init);
    expect(await answer.json()).toMatchObject({ active: true });
  });

  test.each([
    ['/session/stats', 'GET'],
    ['/session/sweep', 'POST'],
  ])('%s counts calls of the owner', async (path, method) => {
    const init = { method, headers: { authorization: bearer } };
    for (let calls = 0; calls < 3; calls += 1) expect(await ask(path, init)).toBe('200');
    expect(await ask(path, init, elsewhere)).toBe('429 rate_limited');
  });

  test('a sweep needs no Redis', async () => {
    stack.redis.setFault({ kind: 'bad-gateway' });
    expect(await ask('/session/sweep', { method: 'POST', headers: { authorization: bearer } })).toBe('200');
  });
});

describe('wrong secrets', () => {
  const wrongBasic = `Basic ${btoa('api:wrong')}`;
  const wrongBearer = `Bearer ${'A'.repeat(43)}`;

  test.each([
    ['/session/introspect', 'POST', wrongBasic, '401 invalid_client', 'introspectionRefused'],
    ['/session/stats', 'GET', wrongBearer, '401 maintenance_bearer', 'maintenanceRefused'],
    ['/session/sweep', 'POST', wrongBearer, '401 maintenance_bearer', 'maintenanceRefused'],
  ])(
    '%s: three tries of an address, then none, and others are as before',
    async (path, method, wrong, code, name) => {
      const right = path === '/session/introspect' ? basic : bearer;
      const body =
        method === 'POST' ? { body: new URLSearchParams(right === basic ? { token: 'x' } : {}) } : {};
      const tryWith = (authorization: string, address = here) =>
        stack.request(path, { method, headers: { authorization }, ...body }, address);
      for (let tries = 0; tries < 3; tries += 1) expect(await outcome(await tryWith(wrong))).toBe(code);
      const refusal = await tryWith(wrong);
      expect(refusal.headers.get('ratelimit-policy')).toBe(`"${name}";q=3;w=3600`);
      expect(await outcome(refusal)).toBe('429 rate_limited');
      // Else the answer would tell a right guess from a wrong one, as fast as one likes.
      expect(await outcome(await tryWith(right))).toBe('429 rate_limited');
      const before = stack.redis.requests;
      for (let tries = 0; tries < 50; tries += 1) expect((await tryWith(wrong)).status).toBe(429);
      expect(stack.redis.requests).toBe(before);
      expect((await tryWith(right, elsewhere)).status).toBe(200);
    },
  );

  test('a neighbour who guesses does not lock out a backend that had it right a moment ago', async () => {
    const introspect = (authorization: string) =>
      ask('/session/introspect', { ...form(), headers: { authorization } });
    expect(await introspect(basic)).toBe('200');
    for (let tries = 0; tries < 5; tries += 1) await introspect(wrongBasic);
    expect(await introspect(wrongBasic)).toBe('429 rate_limited');
    expect(await introspect(basic)).toBe('200');
    now += 3600;
    expect(await introspect(basic)).toBe('429 rate_limited');
  });

  test('those of one address do not lock out its other addresses of the broker', async () => {
    for (let tries = 0; tries < 5; tries += 1) {
      await ask('/session/introspect', { ...form(), headers: { authorization: wrongBasic } });
    }
    expect(await ask('/session/stats', { headers: { authorization: bearer } })).toBe('200');
    expect(await ask('/session/revoke', form())).toBe('200');
  });

  test('no secret at all is no try', async () => {
    for (let calls = 0; calls < 5; calls += 1) {
      expect(await ask('/session/stats', {})).toBe('401 token_missing');
      expect(await ask('/session/introspect', form())).toBe('401 invalid_client');
    }
    expect(stack.redis.requests).toBe(0);
  });

  test('Redis away: a wrong secret stays wrong, and a right one is not asked of Redis', async () => {
    stack.redis.setFault({ kind: 'bad-gateway' });
    expect(await ask('/session/stats', { headers: { authorization: wrongBearer } })).toBe(
      '401 maintenance_bearer',
    );
    expect(await ask('/session/introspect', { ...form(), headers: { authorization: wrongBasic } })).toBe(
      '401 invalid_client',
    );
  });
});

describe('counted before the body is read', () => {
  test('/session/revoke', async () => {
    for (let calls = 0; calls < 4; calls += 1) await ask('/session/revoke', form());
    const { seen, init } = endless();
    expect(await ask('/session/revoke', init)).toBe('429 rate_limited');
    expect(seen.reads).toBe(0);
  });

  test.each(['/session/introspect', '/session/sweep'])('%s: and so is who calls', async (path) => {
    const { seen, init } = endless();
    expect(await ask(path, init)).toMatch(/^401 /);
    const authorization = path === '/session/sweep' ? bearer : basic;
    const body = path === '/session/sweep' ? {} : form();
    for (let calls = 0; calls < 4; calls += 1) {
      await ask(path, { method: 'POST', ...body, headers: { authorization } });
    }
    expect(await ask(path, { ...init, headers: { authorization } })).toBe('429 rate_limited');
    expect(seen.reads).toBe(0);
  });

  test.each(['/session/revoke', '/session/token'])('%s: and so is its origin', async (path) => {
    const { seen, init } = endless();
    expect(await ask(path, { ...init, headers: { origin: 'https://evil.example' } })).toBe(
      '403 foreign_origin',
    );
    expect(seen.reads).toBe(0);
  });
});

test('Redis away: revocation is 503, the status answers', async () => {
  stack.redis.setFault({ kind: 'bad-gateway' });
  expect(await ask('/session/revoke', form())).toBe('503 store_unavailable');
  expect(await ask('/session/status', {})).toBe('200');
});

test('the metadata ask no Redis and may be kept', async () => {
  const before = stack.redis.requests;
  const answer = await stack.request('/.well-known/oauth-authorization-server', {}, here);
  expect(answer.headers.get('cache-control')).toBe('private, max-age=60');
  expect(stack.redis.requests).toBe(before);
});
